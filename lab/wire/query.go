package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// awsQuery and ec2Query input: a form of dotted names (Filter.1.Value.2=x). Lists are "Name.member.N" in
// awsQuery and "Name.N" in ec2Query, maps "Name.entry.N.key" and "...value"; names in ec2Query are the
// model's query names or its location names with an upper first letter. Output is XML, see xml.go.

// Limits on a form, far above what AWS takes, so that no request costs more than its size.
const (
	maxFormDepth  = 64
	maxFormFields = 200_000
)

// formNode is one dotted segment of the form.
type formNode struct {
	value    string
	set      bool // has a value of its own
	used     bool
	children map[string]*formNode
}

func (n *formNode) child(name string) *formNode {
	if n == nil {
		return nil
	}
	return n.children[name]
}

func parseForm(form url.Values) (*formNode, error) {
	if len(form) > maxFormFields {
		return nil, badInput("", "more than %d parameters", maxFormFields)
	}
	root := &formNode{}
	for key, values := range form {
		if key == "Action" || key == "Version" || strings.HasPrefix(key, "X-Amz-") || len(values) == 0 {
			continue
		}
		segments := strings.Split(key, ".")
		if len(segments) > maxFormDepth {
			return nil, badInput("", "a parameter name with more than %d dots", maxFormDepth)
		}
		n := root
		for _, s := range segments {
			c := n.child(s)
			if c == nil {
				c = &formNode{}
				if n.children == nil {
					n.children = map[string]*formNode{}
				}
				n.children[s] = c
			}
			n = c
		}
		n.value, n.set = values[0], true
	}
	return root, nil
}

// indexed lists the children whose names are numbers, in number order.
func (n *formNode) indexed() (nodes []*formNode, names []string) {
	type entry struct {
		at   int
		name string
	}
	var entries []entry
	if n != nil {
		for name := range n.children {
			if at, err := strconv.Atoi(name); err == nil && at >= 0 {
				entries = append(entries, entry{at, name})
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return strings.Compare(a.name, b.name)
	})
	for _, e := range entries {
		nodes, names = append(nodes, n.children[e.name]), append(names, e.name)
	}
	return nodes, names
}

// unused lists the names of values that nobody read.
func (n *formNode) unused(path string) (names []string) {
	if n.set && !n.used {
		names = append(names, path)
	}
	for _, name := range sortedKeys(n.children) {
		names = append(names, n.children[name].unused(join(path, name))...)
	}
	return names
}

func decodeQueryInput(op *operation, in incoming) (map[string]any, []string, error) {
	root, err := parseForm(in.form)
	if err != nil {
		return nil, nil, err
	}
	d := queryDecoder{ec2: op.service.Protocol == "ec2"}
	tree, err := d.structure(op.input, root, "")
	if err != nil {
		return nil, nil, err
	}
	return tree, root.unused(""), nil
}

type queryDecoder struct{ ec2 bool }

// paramName is a member's name in a form.
func paramName(r *ref, ec2 bool) string {
	if !ec2 {
		return r.wireName()
	}
	if r.Query != "" {
		return r.Query
	}
	return goName(r.wireName())
}

func (d queryDecoder) structure(s *shape, n *formNode, path string) (map[string]any, error) {
	out := map[string]any{}
	for _, r := range s.Members {
		name := paramName(r, d.ec2)
		c := n.child(name)
		if c == nil {
			continue
		}
		v, err := d.value(r, c, join(path, name))
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[r.Name] = v
		}
	}
	return out, nil
}

// value decodes a node; nil means that nothing of the member was there after all.
func (d queryDecoder) value(r *ref, n *formNode, path string) (any, error) {
	switch r.to.Type {
	case "structure":
		if n.set && n.value == "" {
			n.used = true // "Name=" stands for an empty structure
		}
		return d.structure(r.to, n, path)
	case "list":
		return d.list(r, n, path)
	case "map":
		return d.mapping(r, n, path)
	}
	if !n.set {
		return nil, nil
	}
	n.used = true
	return textScalar(r.to, r.timestampFormat(), n.value, path)
}

func (d queryDecoder) list(r *ref, n *formNode, path string) (any, error) {
	s := r.to
	if n.set && n.value == "" && len(n.children) == 0 {
		n.used = true // "Name=" stands for an empty list
		return []any{}, nil
	}
	if !d.ec2 && !r.flat() {
		name := s.Element.orName("member")
		n, path = n.child(name), join(path, name)
	}
	out := []any{}
	nodes, names := n.indexed()
	for i, c := range nodes {
		v, err := d.value(s.Element, c, join(path, names[i]))
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (d queryDecoder) mapping(r *ref, n *formNode, path string) (any, error) {
	s := r.to
	if n.set && n.value == "" && len(n.children) == 0 {
		n.used = true
		return map[string]any{}, nil
	}
	if !r.flat() {
		n, path = n.child("entry"), join(path, "entry")
	}
	out := map[string]any{}
	nodes, names := n.indexed()
	for i, c := range nodes {
		at := join(path, names[i])
		key := c.child(s.Key.orName("key"))
		if key == nil || !key.set {
			return nil, badInput(at, "a map entry without a key")
		}
		key.used = true
		name := s.Value.orName("value")
		vn := c.child(name)
		if vn == nil {
			return nil, badInput(at, "a map entry without a value")
		}
		v, err := d.value(s.Value, vn, join(at, name))
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[key.value] = v
		}
	}
	return out, nil
}

// textScalar reads a scalar from a form or from XML.
func textScalar(s *shape, format, text, path string) (any, error) {
	switch s.Type {
	case "boolean":
		return parseBool(text, path)
	case "integer", "long", "float", "double":
		return parseNumber(s, text, path)
	case "timestamp":
		return parseTime(format, text, path)
	case "blob":
		return parseBlob(text, path)
	}
	return text, nil
}

// scalarText is textScalar's inverse.
func scalarText(format string, v any) string {
	switch t := v.(type) {
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case int64:
		return strconv.FormatInt(t, 10)
	case float64:
		return formatFloat(t)
	case time.Time:
		return formatTime(format, t)
	case []byte:
		return formatBlob(t)
	}
	return ""
}

func encodeQueryInput(op *operation, tree map[string]any, h http.Header) ([]byte, error) {
	h.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	form := url.Values{"Action": {op.name}, "Version": {op.service.APIVersion}}
	encodeForm(form, op.service.Protocol == "ec2", &ref{to: op.input}, "", tree)
	return []byte(form.Encode()), nil
}

func encodeForm(form url.Values, ec2 bool, r *ref, path string, tree any) {
	s := r.to
	switch v := tree.(type) {
	case map[string]any:
		if s.Type == "structure" {
			for name, e := range v {
				m := s.member[name]
				encodeForm(form, ec2, m, join(path, paramName(m, ec2)), e)
			}
			return
		}
		if !r.flat() {
			path = join(path, "entry")
		}
		for i, k := range sortedKeys(v) {
			at := join(path, strconv.Itoa(i+1))
			form.Set(join(at, s.Key.orName("key")), k)
			encodeForm(form, ec2, s.Value, join(at, s.Value.orName("value")), v[k])
		}
	case []any:
		if len(v) == 0 {
			form.Set(path, "")
			return
		}
		if !ec2 && !r.flat() {
			path = join(path, s.Element.orName("member"))
		}
		for i, e := range v {
			encodeForm(form, ec2, s.Element, join(path, strconv.Itoa(i+1)), e)
		}
	default:
		form.Set(path, scalarText(r.timestampFormat(), tree))
	}
}
