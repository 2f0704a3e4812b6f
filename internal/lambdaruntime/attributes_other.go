//go:build !linux

package lambdaruntime

import "syscall"

// attributes is for kernels that cannot end a function together with its parent. It then ends by
// itself, because its request for the next event fails.
func attributes() *syscall.SysProcAttr { return nil }
