package collectors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecsplain/ecsplain/evidence"
)

// Reasons of a Gap beside AWS's error codes and those of package evidence.
const (
	ReasonNoCredentials = "NoCredentials" // no credentials could be obtained in the middle of a run
	ReasonRefused       = "ReadOnly"      // the guard refused the call: a defect of ecsplain
	ReasonDefect        = "Defect"        // a collector failed: a defect of ecsplain
)

var (
	deniedCodes = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "UnauthorizedAccess", "NotAuthorized"}
	loginCodes  = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidClientTokenId",
		"UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException",
		"IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException"}
	questionCodes = []string{"InvalidParameterException", "InvalidParameterValue", "InvalidParameter", "ValidationException", "ValidationError",
		"ClientException", "SerializationException", "InvalidFilterValue", "FilterLimitExceeded", "MalformedQueryString"}
)

// codeOf is AWS's error code in err, "" where AWS gave none.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "UnknownError" {
		return api.ErrorCode()
	}
	return ""
}

// is reports whether err is AWS's error of one of these codes.
func is(err error, codes ...string) bool { return slices.Contains(codes, codeOf(err)) }

// blamesTheQuestion reports whether AWS refused what was asked, so that asking for less may work.
func blamesTheQuestion(err error) bool {
	code := codeOf(err)
	return slices.Contains(questionCodes, code) || strings.HasSuffix(code, ".Malformed") || strings.HasSuffix(code, ".NotFound") ||
		strings.HasSuffix(code, "NotFoundException")
}

// explain makes the gap of k: why the call failed, in AWS's words where it has any, and what would show the thing.
func (a *Account) explain(k evidence.Key, from answer, err error) evidence.Gap {
	g := evidence.Gap{Key: k, Call: from.Call}
	g.Reason, g.Message, g.Fix = a.reason(from, err)
	g.Message = shorten(evidence.Clean(evidence.Redact(g.Message)))
	return g
}

func (a *Account) reason(from answer, err error) (reason, message, fix string) {
	var (
		crashed crash
		refused Refused
		api     smithy.APIError
	)
	switch {
	case errors.As(err, &crashed):
		return ReasonDefect, crashed.Error(), "please report this: it is a defect of ecsplain"
	case errors.As(err, &refused):
		return ReasonRefused, refused.Error(), "please report this: it is a defect of ecsplain"
	case credentialsFailed(err):
		return ReasonNoCredentials, rootOf(err).Error(), a.login()
	case codeOf(err) != "":
		errors.As(err, &api)
		return api.ErrorCode(), api.ErrorMessage(), a.adviceFor(from.Call, err)
	case errors.As(err, new(outOfTime)), ranOut(err):
		return evidence.ReasonDeadline, "the time of this run was over before the call was answered", "raise --deadline"
	case unreadable(err):
		return evidence.ReasonUnreadable, rootOf(err).Error(), "run again; if it stays, something between here and " + orAWS(from.Host) + " changes the answers (a proxy?)"
	case unreachable(err):
		return evidence.ReasonUnreachable, rootOf(err).Error(), "check that " + orAWS(from.Host) + " can be reached from here (network, VPN, HTTPS_PROXY, --region, --endpoint-url)"
	}
	return "Error", rootOf(err).Error(), ""
}

func (a *Account) adviceFor(action string, err error) string {
	switch {
	case is(err, deniedCodes...):
		if p := Permission(action); p != "" {
			return "allow " + p
		}
		return ""
	case is(err, "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"):
		return a.login()
	case is(err, loginCodes...):
		return "AWS does not accept these credentials in " + a.Region() + " (a region that is not enabled for the account answers so, too: --region): " + a.login()
	case throttled(err):
		return "run again later; the limit is shared with your deployments"
	case statusOf(err) >= 500:
		service, _, _ := strings.Cut(action, ":")
		return fmt.Sprintf("try again in a few minutes and look at AWS Health (https://health.aws.amazon.com/health/status): AWS's %s answers with errors of its own (HTTP %d), which says nothing about what you asked for", service, statusOf(err))
	case is(err, "OptInRequired"):
		return "enable the region, or give another one with --region"
	}
	return ""
}

// statusOf is the HTTP status of AWS's answer; 0 where there was none.
func statusOf(err error) int {
	var r *smithyhttp.ResponseError
	if !errors.As(err, &r) {
		return 0
	}
	return r.HTTPStatusCode()
}

// login is the command that renews this account's credentials.
func (a *Account) login() string { return loginAdvice(a.profile, a.sso) }

func loginAdvice(profile string, sso bool) string {
	switch {
	case sso && profile != "":
		return "run: aws sso login --profile " + profile
	case sso:
		return "run: aws sso login"
	case profile != "":
		return "renew the credentials of profile " + profile + " (with IAM Identity Center: aws sso login --profile " + profile + ")"
	}
	return "renew the credentials in the environment, or give a profile with --profile (with IAM Identity Center: aws sso login)"
}

// credentialsFailed reports whether the request could not be signed. The SDK has no type for it.
func credentialsFailed(err error) bool {
	return errors.As(err, new(*ssocreds.InvalidTokenError)) || errors.As(err, new(*processcreds.ProviderError)) ||
		err != nil && strings.Contains(err.Error(), "get identity: get credentials")
}

// ranOut reports whether the run itself was ended. A call that timed out by itself is unreachable instead: there
// net/http says so by a type of its own.
func ranOut(err error) bool {
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return false
	}
	var canceled *smithy.CanceledError
	var send *smithyhttp.RequestSendError
	return errors.As(err, &canceled) || !errors.As(err, &send)
}

func unreadable(err error) bool {
	var api smithy.APIError // one without a code: an error answer that is not AWS's
	return errors.As(err, new(*smithy.DeserializationError)) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &api)
}

func unreachable(err error) bool {
	return errors.As(err, new(*smithyhttp.RequestSendError)) || errors.As(err, new(net.Error)) || errors.Is(err, io.EOF)
}

// rootOf strips the SDK's wrappers ("operation error ECS: ListTasks, exceeded maximum number of attempts, 4, ...").
func rootOf(err error) error {
	var des *smithy.DeserializationError
	if errors.As(err, &des) {
		var resp *smithyhttp.ResponseError
		if errors.As(err, &resp) && resp.Response != nil {
			return fmt.Errorf("HTTP %d: %w", resp.HTTPStatusCode(), des.Err)
		}
		return des.Err
	}
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && codeOf(err) == "" && resp.Response != nil && resp.HTTPStatusCode() != 0 {
		return fmt.Errorf("HTTP %d without an error code of AWS", resp.HTTPStatusCode())
	}
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) && send.Err != nil {
		return send.Err
	}
	var op *smithy.OperationError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

func orAWS(host string) string {
	if host == "" {
		return "AWS"
	}
	return host
}

const maxMessage = 600 // runes of a gap's message

// shorten cuts EC2's encoded authorization message, which says nothing to a reader, and very long texts.
func shorten(s string) string {
	s, _, _ = strings.Cut(s, " Encoded authorization failure message:")
	if r := []rune(s); len(r) > maxMessage {
		s = string(r[:maxMessage]) + "..."
	}
	return s
}
