package telemetry

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-xray-sdk-go/v2/strategy/exception"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/smithy-go"

	"orders/internal/safehttp"
)

// exceptions decides what of an error gets into a trace: its type and a safe
// text. Left to itself the SDK would store the text of any error, and a stack
// that shows where the step ended, not where the error arose.
type exceptions struct {
	*exception.DefaultFormattingStrategy // for what nobody calls here
}

// ExceptionFromError is called by the SDK for the error of a step.
func (exceptions) ExceptionFromError(err error) exception.Exception {
	_, remote := errors.AsType[smithy.APIError](err)
	return exception.Exception{
		ID:      xray.NewSegmentID(), // has the form of an exception's id
		Type:    fmt.Sprintf("%T", err),
		Message: safeText(err),
		Remote:  remote,
	}
}

// safeText is err's text, which by the project's rule holds nothing personal,
// except where the text is not the project's own: of what an AWS service
// answered only the code, since its messages may quote what they refuse, and
// of a failed HTTP call only what the network said.
func safeText(err error) string {
	text := err.Error()
	if failed, ok := errors.AsType[*url.Error](err); ok {
		text = safehttp.Redact(failed.Err).Error()
	}
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		text = answer.ErrorCode()
	}
	const longest = 1000 // bytes: a trace travels in datagrams
	return text[:min(len(text), longest)]
}
