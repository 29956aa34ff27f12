package iam

import (
	"regexp"
	"strings"
)

// AWS's sentence, in its forms: IAM user guide, "Troubleshoot access denied error messages". Resource and reason may
// be missing; ECS cuts long reasons off, so the end may be too.
var (
	denialForm = regexp.MustCompile(`(?i)(?:user:\s*(\S+)\s+)?is not authorized to perform:\s*([a-z0-9-]+:[a-z0-9*]+)(?:\s+on resource:\s*(\S+))?`)
	silentForm = regexp.MustCompile(`(?i)^\s*because no (identity-based policy|resource-based policy|permissions boundary|session policy|VPC endpoint policy|service control policy|resource control policy|identity-based policies|session policies)\b`)
	denyForm   = regexp.MustCompile(`(?i)^\s*with an explicit deny in (?:an?|the) (identity-based policy|resource-based policy|permissions boundary|session policy|VPC endpoint policy|service control policy|resource control policy)(?::?\s+(arn:\S+))?`)
)

// DenialOf reads AWS's "is not authorized to perform" sentence wherever it stands in a text; the first one counts. "is
// not authorized to perform: X on resource: Y because no identity-based policy allows the X action" proves what was
// denied then, even where IAM cannot be read. A text that is cut off gives what is left of it.
func DenialOf(text string) Denial {
	at := denialForm.FindStringSubmatchIndex(text)
	if at == nil {
		return Denial{}
	}
	group := func(n int) string {
		if at[2*n] < 0 {
			return ""
		}
		return text[at[2*n]:at[2*n+1]]
	}
	d := Denial{Found: true, Principal: group(1), Action: group(2), Resource: strings.TrimRight(group(3), ".,;)")}
	d.Account = AccountOf(d.Principal)
	if strings.Contains(d.Principal, ":assumed-role/") || strings.Contains(d.Principal, ":role/") {
		d.Role = RoleName(d.Principal)
	}
	end, rest := at[1], text[at[1]:]
	if m := denyForm.FindStringSubmatchIndex(rest); m != nil {
		d.Explicit, d.Layer = true, layerOf(rest[m[2]:m[3]])
		if m[4] >= 0 {
			d.Policy = strings.TrimRight(rest[m[4]:m[5]], ".,;)")
		}
		end += m[1]
	} else if m := silentForm.FindStringSubmatchIndex(rest); m != nil {
		d.Layer = layerOf(rest[m[2]:m[3]])
		end += m[1]
		if tail := " allows the " + d.Action + " action"; strings.HasPrefix(text[end:], tail) {
			end += len(tail)
		}
	}
	d.Text = strings.TrimRight(text[at[0]:end], " .,;")
	return d
}

// layerOf gives AWS's words for a layer their one spelling.
func layerOf(words string) string {
	words = strings.Replace(strings.ToLower(words), "policies", "policy", 1)
	if words == strings.ToLower(LayerEndpoint) {
		return LayerEndpoint
	}
	return words
}
