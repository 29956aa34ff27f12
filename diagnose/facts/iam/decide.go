package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// findings is all that was read of one role for one request.
type findings struct {
	docs      []document
	roleRead  bool // whether there is a boundary is known
	namesRead bool // which policies there are is known
}

// strongest is the strongest answer with an effect among some documents, and who gives it.
func strongest(docs []document, effect string) (tri, document, match) {
	best, doc, by := no, document{}, match{}
	for _, d := range docs {
		if t, m := d.says(effect); t > best {
			best, doc, by = t, d, m
		}
	}
	return best, doc, by
}

// decide: a request passes where nothing denies it, an identity policy allows it and the boundary, if there is one,
// allows it too.
func (f findings) decide(w *evidence.View, d Decision) Decision {
	isBoundary := func(doc document) bool { return doc.boundary }
	own := slices.DeleteFunc(slices.Clone(f.docs), isBoundary)
	fence := slices.DeleteFunc(slices.Clone(f.docs), func(doc document) bool { return !doc.boundary })
	denies, denier, denyBy := strongest(f.docs, "Deny")
	allows, allower, allowBy := strongest(own, "Allow")
	fenced, _, _ := strongest(fence, "Allow")
	if len(fence) == 0 {
		fenced = yes
	}
	if !f.namesRead {
		denies, allows = max(denies, unknown), max(allows, unknown)
	}
	if !f.roleRead {
		denies, fenced = max(denies, unknown), min(fenced, unknown)
	}
	for _, doc := range f.docs {
		if doc.changed.Known && (!d.ChangedAt.Known || doc.changed.At.After(d.ChangedAt.At)) {
			d.ChangedAt = doc.changed
		}
	}
	on := d.Action + onResource(d.Resource)
	switch {
	case denies == yes:
		d.Denied, d.Explicit = true, true
		d.settle(w, denier, denyBy, "Deny")
		d.Says = fmt.Sprintf("%s of role %s denies %s", d.By, d.Role, on)
	case allows == no:
		d.Denied, d.Layer, d.Liftable = true, LayerIdentity, denies == no && fenced == yes
		d.citeSilence(w, own)
		d.Says = fmt.Sprintf("no policy of role %s allows %s", d.Role, on)
	case fenced == no:
		d.Denied, d.Layer, d.Policy = true, LayerBoundary, fence[0].policy
		d.citeSilence(w, fence)
		d.Says = fmt.Sprintf("the %s of role %s does not allow %s", fence[0].title, d.Role, on)
	case denies == no && allows == yes && fenced == yes:
		d.Allowed = true
		d.settle(w, allower, allowBy, "Allow")
		d.Says = fmt.Sprintf("%s of role %s allows %s, by what could be read", d.By, d.Role, on)
	default:
		d.Basis = w.Undecided(f.why())
		return d
	}
	d.Basis = w.Decided()
	return d
}

// settle names the statement that decided and cites it.
func (d *Decision) settle(w *evidence.View, doc document, m match, effect string) {
	d.By, d.Policy, d.Layer = doc.title+", "+m.name, doc.policy, LayerIdentity
	if doc.boundary {
		d.Layer = LayerBoundary
	}
	doc.cite(w, d.Role, m.name+": "+effect+" "+d.Action+onResource(d.Resource))
}

// citeSilence cites the list of policies and every document that does not allow the request.
func (d *Decision) citeSilence(w *evidence.View, docs []document) {
	titles := make([]string, 0, len(docs))
	for _, doc := range docs {
		titles = append(titles, doc.title)
	}
	list := strings.Join(titles, ", ")
	if list == "" {
		list = "none"
	}
	if d.Layer == LayerIdentity {
		w.Cite(evidence.RolePoliciesKey(d.Role).Key, "role "+d.Role, "policies", list)
	}
	for _, doc := range docs {
		doc.cite(w, d.Role, "no statement allows "+d.Action+onResource(d.Resource))
	}
}

func (doc document) cite(w *evidence.View, role, value string) {
	if doc.call != "" {
		w.CiteAll([]evidence.Cite{{Call: doc.call, Resource: doc.title, Field: "PolicyDocument", Value: value}})
		return
	}
	w.Cite(doc.key, doc.title+" of role "+role, "PolicyDocument", value)
}

// why says what no read can show: condition keys that are not known, documents that are no policies. It is empty where
// only reads are missing.
func (f findings) why() string {
	var out []string
	for _, doc := range f.docs {
		if doc.broken != "" {
			out = append(out, doc.broken)
		}
		for _, m := range doc.matches {
			if m.applies == unknown {
				out = append(out, fmt.Sprintf("%s, %s depends on %s, which is not known", doc.title, m.name, m.why))
			}
		}
	}
	return strings.Join(out, "; ")
}

// onResource is " on RESOURCE", "" where there is none to name.
func onResource(resource string) string {
	if resource == "" || resource == "*" {
		return ""
	}
	return " on " + resource
}
