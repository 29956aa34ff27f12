package collectors

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"

	"github.com/ecsplain/ecsplain/evidence"
)

// attemptTimeout ends one try of one call that a server accepted and never answers.
const attemptTimeout = 30 * time.Second

// Open loads the AWS configuration as the aws command line does (environment, shared files, IAM Identity Center,
// credential_process, roles with MFA, web identity, container and instance roles; proxies from the environment) and
// checks that there are a region and credentials. Its errors say what to type next.
//
// An endpoint on this machine (the lab) takes any credentials. Where neither Profile nor AWS_ACCESS_KEY_ID names some, Open
// makes them up and leaves the real ones alone: no login, no MFA code for a lab.
func Open(ctx context.Context, o Options) (*Account, error) {
	if o.EndpointURL != "" {
		if u, err := url.Parse(o.EndpointURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("--endpoint-url %q: want a URL such as http://127.0.0.1:4566", o.EndpointURL)
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx, loadOptions(o)...)
	if err != nil {
		return nil, loadError(o, err)
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region is set\n  give it with --region, in AWS_REGION, or as region in the profile (aws configure set region eu-west-1)")
	}
	shared := sharedConfig(cfg)
	if o.Profile == "" {
		o.Profile = shared.Profile
	}
	if o.Profile == "default" {
		o.Profile = ""
	}
	sso := shared.SSOSession != nil || shared.SSOSessionName != "" || shared.SSOStartURL != ""
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, credentialsError(o.Profile, sso, err)
	}
	a := New(cfg, o)
	a.sso = sso
	return a, nil
}

func loadOptions(o Options) []func(*config.LoadOptions) error {
	local := isLoopback(o.EndpointURL)
	ask := o.MFA
	if ask == nil {
		ask = askMFA
	}
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)),
		config.WithAssumeRoleCredentialOptions(func(ro *stscreds.AssumeRoleOptions) { ro.TokenProvider = ask }),
		config.WithLogger(sdkLog{o.Log}),
	}
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	if o.EndpointURL != "" {
		opts = append(opts, config.WithBaseEndpoint(o.EndpointURL))
	}
	if local { // no instance metadata: asking for it takes seconds where there is none
		opts = append(opts, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	if local && o.Profile == "" && os.Getenv("AWS_ACCESS_KEY_ID") == "" {
		opts = append(opts, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("lab", "lab", "")))
	}
	return opts
}

// sharedConfig is the profile that was loaded; the zero value where none was.
func sharedConfig(cfg aws.Config) config.SharedConfig {
	for _, s := range cfg.ConfigSources {
		if c, ok := s.(config.SharedConfig); ok {
			return c
		}
	}
	return config.SharedConfig{}
}

func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func askMFA() (string, error) {
	fmt.Fprint(os.Stderr, "MFA code: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if code := strings.TrimSpace(line); code != "" {
		return code, nil
	}
	if err == nil {
		err = errors.New("it was empty")
	}
	return "", fmt.Errorf("no MFA code was read from the terminal: %w", err)
}

func loadError(o Options, err error) error {
	var unknown config.SharedConfigProfileNotExistError
	if errors.As(err, &unknown) {
		return fmt.Errorf("there is no AWS profile %q\n  see the ones you have with: aws configure list-profiles\n  make one with: aws configure sso --profile %s", unknown.Profile, unknown.Profile)
	}
	var broken config.SharedConfigLoadError
	if errors.As(err, &broken) {
		return fmt.Errorf("the AWS configuration %s cannot be read: %w", broken.Filename, broken.Err)
	}
	return fmt.Errorf("the AWS configuration cannot be loaded: %s", evidence.Clean(evidence.Redact(err.Error())))
}

// credentialsError says in one line what is wrong with the credentials, and in the next what to do.
func credentialsError(profile string, sso bool, err error) error {
	whose := "the AWS credentials"
	if profile != "" {
		whose = "the AWS credentials of profile " + profile
	}
	var api smithy.APIError
	detail := evidence.Clean(evidence.Redact(credentialsDetail(err)))
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s were not read: %w", whose, err)
	case errors.As(err, new(*ssocreds.InvalidTokenError)), sso && errors.As(err, &api), strings.Contains(err.Error(), "SSO token"):
		return fmt.Errorf("the login of IAM Identity Center is over, or never was (%s)\n  %s", detail, loginAdvice(profile, true))
	case errors.As(err, new(*processcreds.ProviderError)):
		return fmt.Errorf("%s come from its credential_process, which failed: %s\n  run that command by hand to see why; it stands in ~/.aws/config", whose, detail)
	case errors.As(err, &api):
		return fmt.Errorf("%s could not be obtained: AWS answered %s: %s\n  %s", whose, api.ErrorCode(), detail, loginAdvice(profile, false))
	case strings.Contains(err.Error(), "MFA"):
		return fmt.Errorf("%s need an MFA code: %s", whose, detail)
	case strings.Contains(err.Error(), "EC2 IMDS"):
		return errors.New("no AWS credentials were found\n  log in (aws sso login --profile NAME) and give --profile NAME, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" +
			"\n  without an AWS account: ecsplain demo")
	}
	return fmt.Errorf("%s could not be obtained: %s\n  %s", whose, detail, loginAdvice(profile, sso))
}

// credentialsDetail is the innermost message: the SDK wraps it many times.
func credentialsDetail(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorMessage() != "" {
		return api.ErrorMessage()
	}
	s := err.Error()
	for _, wrapper := range []string{"failed to refresh cached credentials, ", "process provider error: ", "the SSO session has expired or is invalid: "} {
		if _, rest, ok := strings.Cut(s, wrapper); ok {
			s = rest
		}
	}
	return s
}
