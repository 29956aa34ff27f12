package collectors

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An error of AWS's own says which service it is, and what to do about it.
func TestServerErrorsHaveAdvice(t *testing.T) {
	failed := func(status int) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: "ServerException", Message: "Service Unavailable"}}
	}
	a := &Account{}
	reason, _, fix := a.reason(answer{Call: "ecs:DescribeServices"}, failed(503))
	if reason != "ServerException" {
		t.Errorf("reason %q", reason)
	}
	for _, want := range []string{"ecs answers with errors of its own (HTTP 503)", "try again", "AWS Health"} {
		if !strings.Contains(fix, want) {
			t.Errorf("%q is not in %q", want, fix)
		}
	}
	if _, _, fix := a.reason(answer{Call: "ecs:DescribeServices"}, failed(400)); fix != "" {
		t.Errorf("a refused question is no outage: %q", fix)
	}
}
