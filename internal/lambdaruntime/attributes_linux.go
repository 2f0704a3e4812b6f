package lambdaruntime

import "syscall"

// attributes lets the kernel kill the function when its parent dies, however suddenly that is.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
