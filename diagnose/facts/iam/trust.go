package iam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// TasksService is the service principal that takes on the roles of ECS tasks.
const TasksService = "ecs-tasks.amazonaws.com"

// TrustedBy decides whether a role exists and whether its trust policy lets a service assume it. Conditions on
// aws:SourceAccount and aws:SourceArn are judged with what ECS sends: the task's account, and an ARN of ECS in the
// task's region and account (ECS developer guide, "Amazon ECS task IAM role"). Principal "*" takes in services.
//
// A role that has the name but not the ARN (another path) does not exist: ECS takes the ARN at its word. A role of
// another account is unknown, and so is "".
func TrustedBy(v *evidence.View, roleARN, service string) Trust {
	w := v.Track()
	defer handOn(v, w)
	t := Trust{Role: RoleName(roleARN)}
	if t.Role == "" {
		t.Basis = w.Undecided("no role is named")
		return t
	}
	if why := foreign(w, roleARN); why != "" {
		t.Basis = w.Undecided(why)
		return t
	}
	key := evidence.RoleKey(t.Role)
	role, st := evidence.Read(w, key)
	switch {
	case st == evidence.Absent && AccountOf(roleARN) != "" && w.State(evidence.CallerKey().Key) != evidence.Found:
		w.Want(evidence.CallerKey().Key) // whose role is absent?
		t.Basis = w.Undecided("")
		return t
	case st == evidence.Absent:
		w.Cite(key.Key, "role "+t.Role, "role", "does not exist")
		t.Says = "role " + t.Role + " does not exist"
	case st != evidence.Found:
		t.Basis = w.Undecided("")
		return t
	case strings.HasPrefix(roleARN, "arn:") && role.ARN != roleARN:
		w.Cite(key.Key, "role "+t.Role, "arn", role.ARN)
		t.Says = fmt.Sprintf("no role has the ARN %s; the role of that name is %s", roleARN, role.ARN)
	default:
		return t.judge(w, role, service)
	}
	t.Basis = w.Decided()
	return t
}

// judge asks the trust policy of a role that exists.
func (t Trust) judge(w *evidence.View, role evidence.Role, service string) Trust {
	t.Exists = true
	p, err := parse(role.Trust, resourceBased)
	if err != nil {
		t.Basis = w.Undecided(fmt.Sprintf("the trust policy of role %s is not readable as a policy: %v", t.Role, err))
		return t
	}
	caller, _ := evidence.Read(w, evidence.CallerKey())
	r := trustRequest(role, caller, service)
	matches := r.judge(p, func(s statement) tri {
		if s.NotPrincipal != nil {
			return namesService(*s.NotPrincipal, service).not()
		}
		return namesService(*s.Principal, service)
	})
	t.Principals = p.trusted()
	denies, denyBy := verdict(matches, "Deny")
	allows, allowBy := verdict(matches, "Allow")
	switch {
	case denies == yes:
		t.Says = fmt.Sprintf("the trust policy of role %s, %s denies %s to assume it", t.Role, denyBy.name, service)
	case allows == no:
		t.Says = fmt.Sprintf("role %s does not trust %s; its trust policy %s", t.Role, service, t.allowsWhom(matches, p, service))
	case denies == unknown:
		t.Basis = w.Undecided("the trust policy of role " + t.Role + ", " + denyBy.depends())
		return t
	case allows == unknown:
		t.Basis = w.Undecided("the trust policy of role " + t.Role + ", " + allowBy.depends())
		return t
	default:
		t.Trusts = true
		t.Says = fmt.Sprintf("role %s trusts %s (%s)", t.Role, service, allowBy.name)
	}
	w.Cite(evidence.RoleKey(t.Role).Key, "role "+t.Role, "AssumeRolePolicyDocument", t.Says)
	t.Basis = w.Decided()
	return t
}

// allowsWhom is the end of the sentence that says why nobody allows the service.
func (t Trust) allowsWhom(ms []match, p policy, service string) string {
	for _, m := range ms {
		if s := p.Statement[m.at]; m.effect == "Allow" && s.Principal != nil && namesService(*s.Principal, service) == yes {
			return "names it, but the action or a condition of " + m.name + " does not fit"
		}
	}
	if t.Principals == "" {
		return "allows nobody"
	}
	return "allows " + t.Principals
}

// sources are the services whose SourceArn is one of their own and not of ECS: a rule, a schedule group.
var sources = map[string]string{"events.amazonaws.com": "events", "scheduler.amazonaws.com": "scheduler"}

// trustRequest is the request with which ECS, or the service that calls it, assumes a role.
func trustRequest(role evidence.Role, caller evidence.Caller, service string) request {
	account := AccountOf(role.ARN)
	if account == "" {
		account = caller.Account
	}
	keys := Context{"sts:ExternalId": {}, "aws:PrincipalIsAWSService": {"true"}, "aws:SecureTransport": {"true"}}
	if account != "" {
		keys["aws:SourceAccount"] = []string{account}
	}
	r := newRequest("sts:AssumeRole", role.ARN, keys, nil)
	if account != "" && caller.Region != "" && caller.Partition != "" {
		r.shapes["aws:sourcearn"] = glob("arn:" + caller.Partition + ":" + cmp.Or(sources[service], "ecs") + ":" + caller.Region + ":" + account + ":*")
	}
	return r
}

func namesService(who principals, service string) tri {
	return triOf(who.Everyone || slices.Contains(who.AWS, "*") ||
		slices.ContainsFunc(who.Service, func(s string) bool { return s == "*" || strings.EqualFold(s, service) }))
}

// trusted lists whom the policy's Allow statements name, for people.
func (p policy) trusted() string {
	var out []string
	for _, s := range p.Statement {
		if s.Effect != "Allow" || s.Principal == nil {
			continue
		}
		if s.Principal.Everyone {
			out = append(out, "everyone")
		}
		out = append(out, s.Principal.Service...)
		for _, name := range s.Principal.AWS {
			switch account, isRoot := strings.CutSuffix(afterColons(name, 4), ":root"); {
			case name == "*":
				name = "everyone"
			case isRoot:
				name = "account " + account
			case len(name) == 12 && !strings.Contains(name, ":"):
				name = "account " + name
			}
			out = append(out, name)
		}
		out = append(out, s.Principal.Other...)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}
