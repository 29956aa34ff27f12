package diagnose

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/facts/message"
	"github.com/ecsplain/ecsplain/evidence"
)

// wording is what a playbook says of a failure that it does not rule out, ready to be filled.
type wording struct {
	subject  *template
	say      *template
	why      *template
	verify   *template
	mitigate []actionTemplate
	fix      []actionTemplate
}

// expression is one CEL program and the paths below the variable that it reads, e.g. "reach.no_route.blocks".
type expression struct {
	source  string
	program cel.Program
	paths   []string
}

// template is text with ${CEL} in it.
type template struct {
	parts []templatePart
}

type templatePart struct {
	text string
	expr *expression // nil: literal text
}

type actionTemplate struct {
	spec  ActionSpec
	when  *expression // nil = always
	say   *template
	undo  *template
	lines *template // of type; nil = none
	jq    *template // of revise; nil = none
	calls []callTemplate
}

type callTemplate struct {
	when               *expression // nil = always
	service, operation string
	input              any // map[string]any and []any with *template leaves
}

// costLimit bounds one evaluation; the longest check of ours costs a few hundred.
const costLimit = 100_000

// newEnv declares the variable of a playbook over the fact types; json tags are the field names.
func newEnv(as string) (*cel.Env, error) {
	return cel.NewEnv(
		ext.NativeTypes(reflect.TypeFor[facts.Incident](), ext.ParseStructTag("json")),
		cel.Variable(as, cel.ObjectType("facts.Incident")),
		ext.Strings(),
		ext.Lists(),
		counted,
	)
}

// counted writes a number with its noun: counted(2, "task") is "2 tasks".
var counted = cel.Function("counted", cel.Overload("counted_int_string", []*cel.Type{cel.IntType, cel.StringType}, cel.StringType,
	cel.BinaryBinding(func(n, noun ref.Val) ref.Val {
		return types.String(evidence.Counted(int(n.(types.Int)), string(noun.(types.String))))
	})))

// environments are those of one Parse, by the variable's name: making one reads all fact types, which takes longer than a playbook.
type environments struct {
	mu   sync.Mutex
	made map[string]*cel.Env
}

func (e *environments) of(as string) (*cel.Env, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if env := e.made[as]; env != nil {
		return env, nil
	}
	env, err := newEnv(as)
	if err != nil {
		return nil, fmt.Errorf("declaring the facts to CEL: %w", err)
	}
	if e.made == nil {
		e.made = map[string]*cel.Env{}
	}
	e.made[as] = env
	return env, nil
}

func compileProof(p *Playbook, envs *environments) (checks []*expression, err error) {
	env, err := envs.of(p.As)
	if err != nil {
		return nil, err
	}
	b := &compiler{p: p, env: env}
	for _, check := range p.Checks {
		checks = append(checks, b.expression(check.If, cel.BoolType))
	}
	return checks, b.err
}

func compileWords(p *Playbook, envs *environments) (*wording, error) {
	env, err := envs.of(p.As)
	if err != nil {
		return nil, err
	}
	b := &compiler{p: p, env: env}
	w := &wording{}
	w.subject, w.say, w.why, w.verify = b.template(p.Subject.ID), b.template(p.Say), b.template(p.Why), b.template(p.Verify)
	w.mitigate, w.fix = b.actions(p.Mitigate), b.actions(p.Fix)
	return w, b.err
}

// compiler compiles the expressions of one playbook and keeps the first fault.
type compiler struct {
	p   *Playbook
	env *cel.Env
	err error
}

func (b *compiler) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *compiler) expression(src string, want *cel.Type) *expression {
	src = strings.TrimSpace(src)
	checked, iss := b.env.Compile(src)
	if iss.Err() != nil {
		b.fail(b.p.fault(src, "%s", tidyCEL(iss.Err().Error())))
		return &expression{source: src}
	}
	if want != nil && !checked.OutputType().IsExactType(want) {
		b.fail(b.p.fault(src, "want a %s, got a %s", want, checked.OutputType()))
		return &expression{source: src}
	}
	if msg := closedListFault(checked.NativeRep().Expr()); msg != "" {
		b.fail(b.p.fault(src, "%s", msg))
	}
	prg, err := b.env.Program(checked, cel.EvalOptions(cel.OptOptimize|cel.OptPartialEval), cel.CostLimit(costLimit))
	if err != nil {
		b.fail(b.p.fault(src, "%v", err))
	}
	return &expression{source: src, program: prg, paths: pathsOf(checked.NativeRep().Expr(), b.p.As)}
}

var celPosition = regexp.MustCompile(`ERROR: <input>:\d+:\d+: `)

func tidyCEL(s string) string { return strings.TrimSpace(celPosition.ReplaceAllString(s, "")) }

// template splits text at ${...}; braces inside the expression may nest.
func (b *compiler) template(text string) *template {
	t := &template{}
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			break
		}
		depth, j := 1, i+2
		for ; j < len(text) && depth > 0; j++ {
			switch text[j] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		if depth > 0 {
			b.fail(b.p.fault(text, "${ without its closing brace"))
			return t
		}
		if i > 0 {
			t.parts = append(t.parts, templatePart{text: text[:i]})
		}
		t.parts = append(t.parts, templatePart{expr: b.expression(text[i+2:j-1], nil)})
		text = text[j:]
	}
	if text != "" {
		t.parts = append(t.parts, templatePart{text: text})
	}
	return t
}

func (b *compiler) actions(specs []ActionSpec) (out []actionTemplate) {
	for _, s := range specs {
		a := actionTemplate{spec: s, say: b.template(s.Say), undo: b.template(s.Undo)}
		if s.When != "" {
			a.when = b.expression(s.When, cel.BoolType)
		}
		if s.Say == "" {
			b.fail(b.p.fault("fix:", "every action needs a say"))
		}
		if len(s.Calls) > 0 && s.Type+s.Revise != "" {
			b.fail(b.p.fault(s.Say, "an action has calls, or lines of type and revise"))
		}
		if s.Type != "" {
			a.lines = b.template(s.Type)
		}
		if s.Revise != "" {
			a.jq = b.template(s.Revise)
		}
		for _, c := range s.Calls {
			if c.Service == "" || c.Operation == "" {
				b.fail(b.p.fault("calls:", "every call needs service and operation"))
			}
			call := callTemplate{service: c.Service, operation: c.Operation, input: b.input(c.Input)}
			if c.When != "" {
				call.when = b.expression(c.When, cel.BoolType)
			}
			a.calls = append(a.calls, call)
		}
		out = append(out, a)
	}
	return out
}

func (b *compiler) input(v any) any {
	switch v := v.(type) {
	case string:
		return b.template(v)
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = b.input(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = b.input(e)
		}
		return out
	}
	return v
}

// pathsOf lists the select chains that start at the variable, longest form only, without its name.
func pathsOf(e ast.Expr, as string) []string {
	var out []string
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if p, ok := selectPath(e, as); ok && p != "" {
			if !slices.ContainsFunc(out, func(q string) bool { return q == p || strings.HasPrefix(q, p+".") }) {
				out = append(out, p)
			}
		}
	}))
	return out
}

func selectPath(e ast.Expr, as string) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return "", e.AsIdent() == as
	case ast.SelectKind:
		s := e.AsSelect()
		base, ok := selectPath(s.Operand(), as)
		if !ok {
			return "", false
		}
		if base == "" {
			return s.FieldName(), true
		}
		return base + "." + s.FieldName(), true
	}
	return "", false
}

// closed lists by the last field name of a path: a literal compared with such a field must be on the list.
func closedList(field string) (list []string, known func(string) bool) {
	switch field {
	case "symptom":
		return message.Symptoms(), message.Known
	case "step":
		list = message.Steps
	case "nature":
		list = message.Natures
	case "category":
		list = message.Categories
	case "family":
		list = message.Families
	case "stop_code":
		list = []string{"TaskFailedToStart", "EssentialContainerExited", "UserInitiated", "ServiceSchedulerInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"}
	case "kind":
		list = facts.Kinds
	case "role_kind":
		list = []string{"execution", "task"}
	case "means", "deny_reason":
		return nil, nil
	default:
		return nil, nil
	}
	return list, func(s string) bool { return s == "" || slices.Contains(list, s) }
}

// closedListFault returns what is wrong with the first literal that is on no list.
func closedListFault(e ast.Expr) (fault string) {
	check := func(sel, lit ast.Expr) {
		if fault != "" || sel.Kind() != ast.SelectKind {
			return
		}
		list, known := closedList(sel.AsSelect().FieldName())
		if known == nil {
			return
		}
		for _, l := range literals(lit) {
			if !known(l) {
				fault = fmt.Sprintf("%q is no %s; did you mean %q?", l, sel.AsSelect().FieldName(), nearest(l, list))
			}
		}
	}
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.Equals, operators.NotEquals:
			check(c.Args()[0], c.Args()[1])
			check(c.Args()[1], c.Args()[0])
		case operators.In:
			check(c.Args()[0], c.Args()[1])
		}
	}))
	return fault
}

func literals(e ast.Expr) (out []string) {
	switch e.Kind() {
	case ast.LiteralKind:
		if s, ok := e.AsLiteral().(types.String); ok {
			out = append(out, string(s))
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			out = append(out, literals(x)...)
		}
	}
	return out
}
