package facts

import (
	"encoding/json"
	"slices"
	"strings"
)

// readPolicy is a policy, as JSON text, that allows reading the secrets and parameters that a task definition names (each a valueFrom), and
// nothing else; "" = it names none.
func readPolicy(refs []string, l Launch) string {
	var secrets, parameters []string
	add := func(to *[]string, arn string) {
		if !slices.Contains(*to, arn) {
			*to = append(*to, arn)
		}
	}
	for _, ref := range refs {
		switch {
		case strings.Contains(ref, ":secretsmanager:"):
			add(&secrets, secretID(ref))
		case strings.HasPrefix(ref, "arn:"):
			add(&parameters, ref)
		default:
			add(&parameters, "arn:"+l.Partition+":ssm:"+l.Region+":"+l.Account+":parameter/"+strings.TrimPrefix(ref, "/"))
		}
	}
	var statements []map[string]any
	for _, s := range []struct {
		action string
		on     []string
	}{{"secretsmanager:GetSecretValue", secrets}, {"ssm:GetParameters", parameters}} {
		if len(s.on) > 0 {
			statements = append(statements, map[string]any{"Effect": "Allow", "Action": s.action, "Resource": s.on})
		}
	}
	if statements == nil {
		return ""
	}
	text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return string(text)
}
