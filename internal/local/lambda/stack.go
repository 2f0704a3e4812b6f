package lambda

import (
	"path"
	"runtime"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// maxFrames is how much of a stack aws-lambda-go reports.
const maxFrames = 32

// stackTrace is the stack of the panic being recovered, the panic on top. It
// must be called by panicked, called by the deferred function that recovers:
// these three and runtime.Callers itself are left out.
func stackTrace() []*messages.InvokeResponse_Error_StackFrame {
	const own = 4
	callers := make([]uintptr, maxFrames)
	frames := runtime.CallersFrames(callers[:runtime.Callers(own, callers)])

	var trace []*messages.InvokeResponse_Error_StackFrame
	for {
		frame, more := frames.Next()
		trace = append(trace, describeFrame(frame))
		if !more {
			return trace
		}
	}
}

// describeFrame tells the file by its package: where the source lay on the
// machine that built it is nobody's business.
func describeFrame(frame runtime.Frame) *messages.InvokeResponse_Error_StackFrame {
	directory, name := path.Split(frame.Function)
	pkg, label, _ := strings.Cut(name, ".")
	return &messages.InvokeResponse_Error_StackFrame{
		Path:  directory + pkg + "/" + path.Base(frame.File),
		Line:  int32(frame.Line),
		Label: label,
	}
}
