package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// violation is one breach of the model by an input.
type violation struct {
	path    string // "filters.1.member.key", as AWS words it
	missing bool
	value   string // as AWS shows it
	rule    string // what the value must satisfy
}

// validate walks an input and lists every required member that is absent and every enum, number, string,
// list or map outside the model's limits. Patterns are not checked: they are Java's, and AWS checks few.
func validate(s *shape, tree any, path string, ec2 bool) (bad []violation) {
	outside := func(size float64, value, what string) {
		if s.Min != nil && size < *s.Min {
			bad = append(bad, violation{path: path, value: value, rule: fmt.Sprintf("Member must have %s greater than or equal to %s", what, limit(s.Min))})
		}
		if s.Max != nil && size > *s.Max {
			bad = append(bad, violation{path: path, value: value, rule: fmt.Sprintf("Member must have %s less than or equal to %s", what, limit(s.Max))})
		}
	}
	switch v := tree.(type) {
	case map[string]any:
		if s.Type == "map" {
			outside(float64(len(v)), "map", "length")
			for _, k := range sortedKeys(v) {
				bad = append(bad, validate(s.Key.to, k, join(path, "key"), ec2)...)
				bad = append(bad, validate(s.Value.to, v[k], join(path, k), ec2)...)
			}
			return bad
		}
		for _, m := range s.Members {
			name := m.Name
			if !ec2 {
				name = lowerFirst(name)
			}
			at := join(path, name)
			e, ok := v[m.Name]
			if !ok {
				if m.Required {
					bad = append(bad, violation{path: at, missing: true, value: "null", rule: "Member must not be null"})
				}
				continue
			}
			bad = append(bad, validate(m.to, e, at, ec2)...)
		}
	case []any:
		outside(float64(len(v)), "list", "length")
		for i, e := range v {
			at := join(path, strconv.Itoa(i+1))
			if !ec2 {
				at = join(at, "member")
			}
			bad = append(bad, validate(s.Element.to, e, at, ec2)...)
		}
	case string:
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
			return []violation{{path: path, value: "'" + v + "'", rule: "Member must satisfy enum value set: [" + strings.Join(s.Enum, ", ") + "]"}}
		}
		outside(float64(utf8.RuneCountInString(v)), "'"+v+"'", "length")
	case []byte:
		outside(float64(len(v)), "blob", "length")
	case int64:
		outside(float64(v), strconv.FormatInt(v, 10), "value")
	case float64:
		outside(v, formatFloat(v), "value")
	}
	return bad
}

// lowerFirst: AWS's front ends name members in their own, lower-case way, whatever the wire says.
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func limit(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }

// dialect is how a service words errors that come from its front end rather than from its logic.
type dialect struct {
	service                               string
	missing, invalid, malformed, badToken string
	tokenMessage                          string
}

// dialects is the one list; the entry without a service serves the rest.
//
// Seen in public issue threads: ecs "Tasks cannot be empty." (aws/copilot-cli 3551), ec2 UnknownParameter
// (aws/aws-sdk-cpp 327), iam and sts ValidationError with lower-case member names (mmmorris1975/aws-runas 80),
// ssm ValidationException (aws/aws-sdk-js 2748), efs ValidationException
// (aws/aws-sdk-js-v3 1288), cloudwatch ValidationError (hashicorp/terraform-provider-aws 29894). Error codes of bad tokens are those the API references list;
// the other codes and the wording of tokens and numbers are not verified against a recording.
var dialects = []dialect{
	{"ecs", "InvalidParameterException", "InvalidParameterException", "SerializationException", "InvalidParameterException", "Invalid token."},
	{"ec2", "MissingParameter", "InvalidParameterValue", "InvalidParameterValue", "InvalidParameterValue", "Invalid value for parameter NextToken."},
	{"logs", "InvalidParameterException", "InvalidParameterException", "SerializationException", "InvalidParameterException", "The specified nextToken is invalid."},
	{"ecr", "InvalidParameterException", "InvalidParameterException", "SerializationException", "InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid nextToken'"},
	{"iam", "ValidationError", "ValidationError", "MalformedInput", "ValidationError", "Invalid Marker."},
	{"sts", "ValidationError", "ValidationError", "MalformedInput", "ValidationError", "Invalid Marker."},
	{"elasticloadbalancing", "ValidationError", "ValidationError", "MalformedInput", "ValidationError", "Invalid marker."},
	{"secretsmanager", "ValidationException", "ValidationException", "SerializationException", "InvalidNextTokenException", "Invalid next token."},
	{"ssm", "ValidationException", "ValidationException", "SerializationException", "InvalidNextToken", "The specified token is not valid."},
	{"monitoring", "ValidationError", "ValidationError", "SerializationException", "InvalidNextToken", "The specified next token is not valid."},
	{"xray", "InvalidRequestException", "InvalidRequestException", "InvalidRequestException", "InvalidRequestException", "Invalid NextToken."},
	{"elasticfilesystem", "ValidationException", "ValidationException", "BadRequest", "BadRequest", "The marker is not valid."},
	{"", "ValidationException", "ValidationException", "SerializationException", "ValidationException", "The pagination token is not valid."},
}

func dialectOf(service string) dialect {
	for _, d := range dialects {
		if d.service == service {
			return d
		}
	}
	return dialects[len(dialects)-1]
}

// refusal is the error a service answers for breaches of its model; nil for none.
func (d dialect) refusal(bad []violation) *Error {
	if len(bad) == 0 {
		return nil
	}
	if d.service == "ec2" {
		b := bad[0]
		if b.missing {
			return Errorf(d.missing, "The request must contain the parameter %s", b.path)
		}
		return Errorf(d.invalid, "Value (%s) for parameter %s is invalid. %s", strings.Trim(b.value, "'"), b.path, b.rule)
	}
	code := d.invalid
	if bad[0].missing {
		code = d.missing
		if d.service == "ecs" {
			return Errorf(code, "%s cannot be empty.", goName(bad[0].path))
		}
	}
	plural, texts := "", make([]string, len(bad))
	if len(bad) > 1 {
		plural = "s"
	}
	for i, b := range bad {
		what := "Value " + b.value
		if b.value == "list" || b.value == "map" || b.value == "blob" {
			what = "Value"
		}
		texts[i] = fmt.Sprintf("%s at '%s' failed to satisfy constraint: %s", what, b.path, b.rule)
	}
	return Errorf(code, "%d validation error%s detected: %s", len(bad), plural, strings.Join(texts, "; "))
}
