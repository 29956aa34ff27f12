package diagnose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/ecsplain/ecsplain/evidence"
)

// cliService is the name that the aws command line has for a service where it differs from ours.
var cliService = map[string]string{"cloudwatchlogs": "logs", "elasticloadbalancingv2": "elbv2", "elasticloadbalancing": "elbv2", "applicationautoscaling": "application-autoscaling", "servicequotas": "service-quotas"}

// Command writes calls as lines for the aws command line, with the profile and region given ("" = leave out).
func Command(calls []Call, profile, region string) string {
	lines := make([]string, 0, len(calls))
	for _, c := range calls {
		lines = append(lines, commandLine(c, profile, region))
	}
	return strings.Join(lines, "\n")
}

func commandLine(c Call, profile, region string) string {
	service := c.Service
	if s := cliService[service]; s != "" {
		service = s
	}
	args := []string{"aws", service, kebab(c.Operation)}
	for _, name := range inputOrder(c.Input) {
		args = append(args, argument(name, c.Input[name])...)
	}
	if profile != "" {
		args = append(args, "--profile", quote(profile))
	}
	if region != "" && service != "iam" {
		args = append(args, "--region", quote(region))
	}
	return strings.Join(args, " ")
}

// inputOrder puts the names of things first and the long documents last.
func inputOrder(in map[string]any) []string {
	names := make([]string, 0, len(in))
	for n := range in {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if r := argumentRank(in[a]) - argumentRank(in[b]); r != 0 {
			return r
		}
		return strings.Compare(a, b)
	})
	return names
}

func argumentRank(v any) int {
	switch v := v.(type) {
	case map[string]any, []any:
		return 1
	case string:
		if len(v) > 80 || strings.ContainsAny(v, "\n{") {
			return 1
		}
	}
	return 0
}

// argument renders one member the way the aws command line takes it: scalars as they are, lists of scalars separated
// by blanks, booleans as flags, the rest as JSON.
func argument(name string, v any) []string {
	flag := "--" + kebab(name)
	switch v := v.(type) {
	case bool:
		if v {
			return []string{flag}
		}
		if name == "Egress" { // the aws command line calls it so: create-network-acl-entry --ingress
			return []string{"--ingress"}
		}
		return []string{"--no-" + kebab(name)}
	case []string:
		out := []string{flag}
		for _, e := range v {
			out = append(out, quote(e))
		}
		return out
	case []any:
		out := []string{flag}
		for _, e := range v {
			switch e.(type) {
			case map[string]any, []any:
				return []string{flag, quote(compact(v))}
			}
			out = append(out, quote(fmt.Sprint(e)))
		}
		return out
	case map[string]any:
		return []string{flag, quote(compact(v))}
	}
	return []string{flag, quote(fmt.Sprint(v))}
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // values come from YAML and CEL and always encode
	}
	return string(b)
}

// quote makes one word for a POSIX shell. Control characters are taken out first: taking them out of a finished line
// could take a closing quote with them.
func quote(s string) string {
	s = evidence.Clean(s)
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:=@,+%", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// kebab turns AWS's member names into the flags of the aws command line: RouteTableId, route-table-id; taskDefinition,
// task-definition; assignPublicIp, assign-public-ip; runs of capitals stay together (DNSName, dns-name).
func kebab(s string) string {
	var sb strings.Builder
	r := []rune(s)
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(r[i-1]) || unicode.IsDigit(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			sb.WriteByte('-')
		}
		sb.WriteRune(unicode.ToLower(c))
	}
	return sb.String()
}
