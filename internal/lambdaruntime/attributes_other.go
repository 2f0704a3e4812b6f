//go:build !linux

package lambdaruntime

import "syscall"

// attributes are nothing special where the kernel cannot end a function together with its parent. A function that
// lives on then ends by itself: its request for the next event breaks off.
func attributes() *syscall.SysProcAttr { return nil }
