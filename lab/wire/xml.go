package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// XML answers of awsQuery and ec2Query.

func xmlContentType(*service) string { return "text/xml;charset=UTF-8" }

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// xmlWriter writes elements; the buffer never fails.
type xmlWriter struct{ bytes.Buffer }

func (w *xmlWriter) open(name string)  { w.WriteString("<" + name + ">") }
func (w *xmlWriter) close(name string) { w.WriteString("</" + name + ">") }

func (w *xmlWriter) text(name, text string) {
	w.open(name)
	_ = xml.EscapeText(w, []byte(text)) // a bytes.Buffer never fails
	w.close(name)
}

func (w *xmlWriter) fields(s *shape, tree map[string]any) {
	for _, r := range s.Members {
		if v, ok := tree[r.Name]; ok {
			w.member(r, r.wireName(), v)
		}
	}
}

func (w *xmlWriter) member(r *ref, name string, tree any) {
	s := r.to
	switch v := tree.(type) {
	case map[string]any:
		if s.Type == "structure" {
			w.open(name)
			w.fields(s, v)
			w.close(name)
			return
		}
		w.mapping(r, name, v)
	case []any:
		if r.flat() {
			for _, e := range v {
				w.member(s.Element, s.Element.orName(name), e)
			}
			return
		}
		w.open(name)
		for _, e := range v {
			w.member(s.Element, s.Element.orName("member"), e)
		}
		w.close(name)
	default:
		w.text(name, scalarText(r.timestampFormat(), tree))
	}
}

func (w *xmlWriter) mapping(r *ref, name string, v map[string]any) {
	entry := "entry"
	if r.flat() {
		entry = name
	} else {
		w.open(name)
		defer w.close(name)
	}
	for _, k := range sortedKeys(v) {
		w.open(entry)
		w.text(r.to.Key.orName("key"), k)
		w.member(r.to.Value, r.to.Value.orName("value"), v[k])
		w.close(entry)
	}
}

func encodeQueryOutput(op *operation, tree map[string]any, _ http.Header, requestID string) ([]byte, error) {
	w := &xmlWriter{}
	fmt.Fprintf(w, "<%sResponse xmlns=%q>", op.name, op.service.XMLNamespace)
	if op.Wrapper != "" {
		w.open(op.Wrapper)
		w.fields(op.output, tree)
		w.close(op.Wrapper)
	}
	w.open("ResponseMetadata")
	w.text("RequestId", requestID)
	w.close("ResponseMetadata")
	w.close(op.name + "Response")
	return w.Bytes(), nil
}

func encodeEC2Output(op *operation, tree map[string]any, _ http.Header, requestID string) ([]byte, error) {
	w := &xmlWriter{}
	w.WriteString(xmlHeader)
	fmt.Fprintf(w, "<%sResponse xmlns=%q>", op.name, op.service.XMLNamespace)
	w.text("requestId", requestID)
	if op.emptyOutput {
		w.text("return", "true")
	}
	w.fields(op.output, tree)
	w.close(op.name + "Response")
	return w.Bytes(), nil
}

func encodeQueryError(f failure, _ http.Header, requestID string) []byte {
	w := &xmlWriter{}
	namespace := ""
	if f.service != nil {
		namespace = f.service.XMLNamespace
	}
	fmt.Fprintf(w, "<ErrorResponse xmlns=%q>", namespace)
	w.open("Error")
	side := "Sender"
	if f.status >= 500 {
		side = "Receiver"
	}
	w.text("Type", side)
	w.text("Code", f.code)
	w.text("Message", f.message)
	if f.shape != nil {
		w.fields(f.shape, f.fields)
	}
	w.close("Error")
	w.text("RequestId", requestID)
	w.close("ErrorResponse")
	return w.Bytes()
}

func encodeEC2Error(f failure, _ http.Header, requestID string) []byte {
	w := &xmlWriter{}
	w.WriteString(xmlHeader)
	w.WriteString("<Response><Errors><Error>")
	w.text("Code", f.code)
	w.text("Message", f.message)
	w.WriteString("</Error></Errors>")
	w.text("RequestID", requestID)
	w.close("Response")
	return w.Bytes()
}

// xmlNode is an element of an answer, as the client reads it.
type xmlNode struct {
	name     string
	text     strings.Builder
	children []*xmlNode
}

func (n *xmlNode) find(path ...string) *xmlNode {
	for _, name := range path {
		var next *xmlNode
		if n != nil {
			for _, c := range n.children {
				if c.name == name {
					next = c
					break
				}
			}
		}
		n = next
	}
	return n
}

func (n *xmlNode) content() string {
	if n == nil {
		return ""
	}
	return n.text.String()
}

func parseXML(body []byte) (*xmlNode, error) {
	dec := xml.NewDecoder(bytes.NewReader(body))
	root := &xmlNode{}
	stack := []*xmlNode{root}
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("wire: the answer is not XML: %w", err)
		}
		top := stack[len(stack)-1]
		switch t := tok.(type) {
		case xml.StartElement:
			n := &xmlNode{name: t.Name.Local}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text.Write(t)
		}
	}
	if len(root.children) != 1 {
		return nil, fmt.Errorf("wire: the answer is not one XML document")
	}
	return root.children[0], nil
}

func decodeQueryOutput(op *operation, _ *http.Response, body []byte) (map[string]any, error) {
	n, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	if op.Wrapper == "" {
		return map[string]any{}, nil
	}
	if n = n.find(op.Wrapper); n == nil {
		return nil, fmt.Errorf("wire: the answer to %s has no %s", op.name, op.Wrapper)
	}
	return xmlFields(op.output, n, "")
}

func decodeEC2Output(op *operation, _ *http.Response, body []byte) (map[string]any, error) {
	n, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	return xmlFields(op.output, n, "")
}

func xmlFields(s *shape, n *xmlNode, path string) (map[string]any, error) {
	out := map[string]any{}
	for _, r := range s.Members {
		name := r.wireName()
		if r.to.Type == "list" && r.flat() {
			name = r.to.Element.orName(name)
		}
		for _, c := range n.children {
			if c.name != name {
				continue
			}
			v, err := xmlValue(r, c, join(path, name))
			if err != nil {
				return nil, err
			}
			if before, ok := out[r.Name].([]any); ok && r.flat() {
				v = append(before, v.([]any)...)
			}
			out[r.Name] = v
		}
	}
	return out, nil
}

func xmlValue(r *ref, n *xmlNode, path string) (any, error) {
	s := r.to
	switch s.Type {
	case "structure":
		return xmlFields(s, n, path)
	case "list":
		if r.flat() {
			v, err := xmlValue(s.Element, n, path)
			return []any{v}, err
		}
		out := []any{}
		for _, c := range n.children {
			v, err := xmlValue(s.Element, c, join(path, c.name))
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case "map":
		return xmlMapping(r, n, path)
	}
	return textScalar(s, r.timestampFormat(), n.content(), path)
}

func xmlMapping(r *ref, n *xmlNode, path string) (any, error) {
	out := map[string]any{}
	entries := n.children
	if r.flat() {
		entries = []*xmlNode{n}
	}
	for _, e := range entries {
		vn := e.find(r.to.Value.orName("value"))
		if vn == nil {
			return nil, badInput(path, "a map entry without a value")
		}
		v, err := xmlValue(r.to.Value, vn, path)
		if err != nil {
			return nil, err
		}
		out[e.find(r.to.Key.orName("key")).content()] = v
	}
	return out, nil
}

func decodeXMLError(s *service, resp *http.Response, body []byte) *Error {
	root, err := parseXML(body)
	if err != nil {
		return nil
	}
	n := root.find("Error")
	if root.name == "Response" {
		n = root.find("Errors", "Error")
	}
	if n == nil {
		return nil
	}
	e := &Error{Code: n.find("Code").content(), Message: n.find("Message").content(), Status: resp.StatusCode, Fields: map[string]any{}}
	if sh := s.errors[e.Code]; sh != nil {
		if tree, err := xmlFields(sh, n, ""); err == nil {
			delete(tree, "message")
			e.Fields = plain(tree).(map[string]any)
		}
	}
	return e
}
