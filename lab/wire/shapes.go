package wire

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed shapes/*.json
var shapeFiles embed.FS

// service is one service's table.
type service struct {
	Name            string    `json:"-"` // signing name
	Protocol        string    `json:"protocol"`
	Protocols       []string  `json:"protocols"` // every one that clients may choose; nil = Protocol alone
	JSONVersion     string    `json:"jsonVersion"`
	APIVersion      string    `json:"apiVersion"`
	TargetPrefix    string    `json:"targetPrefix"`
	XMLNamespace    string    `json:"xmlNamespace"`
	QueryCompatible *struct{} `json:"awsQueryCompatible"` // errors keep the code they had in awsQuery, in a header

	Operations map[string]*operation `json:"operations"`
	Shapes     map[string]*shape     `json:"shapes"`

	errors map[string]*shape // by shape name and by code
	routes []*operation      // of rest-json: the most literal path first
}

type operation struct {
	name        string
	service     *service
	In          string `json:"in"`
	Out         string `json:"out"`
	Wrapper     string `json:"wrapper"`
	Method      string `json:"method"` // rest-json only, with URI and Status
	URI         string `json:"uri"`
	Status      int    `json:"status"` // of success; 0 = 200
	template    uriTemplate
	input       *shape // never nil: operations without one get an empty structure
	output      *shape
	emptyOutput bool // the model gives no output members
}

// shape is one type of the model. Type is structure, list, map, string, integer, long, float, double,
// boolean, blob or timestamp.
type shape struct {
	name      string
	Type      string   `json:"type"`
	Members   []*ref   `json:"members"`
	Element   *ref     `json:"elem"`
	Key       *ref     `json:"key"`
	Value     *ref     `json:"value"`
	Payload   string   `json:"payload"` // rest-json: the member that is the whole body
	Flat      bool     `json:"flat"`
	Enum      []string `json:"enum"`
	Min       *float64 `json:"min"`
	Max       *float64 `json:"max"`
	Timestamp string   `json:"time"`
	Exception bool     `json:"exception"`
	Code      string   `json:"code"`
	Status    int      `json:"status"`
	Fault     bool     `json:"fault"`

	member map[string]*ref // by AWS member name
	wire   map[string]*ref // by name in JSON or CBOR; only what lies in the body
}

// ref is a use of a shape: a structure's member, a list's element, a map's key or value.
type ref struct {
	Name      string `json:"name"`
	Shape     string `json:"shape"`
	In        string `json:"in"` // rest-json: uri, querystring, header, headers or statusCode; "" = body
	Location  string `json:"loc"`
	Query     string `json:"query"`
	Flat      bool   `json:"flat"`
	Timestamp string `json:"time"`
	Required  bool   `json:"req"`

	to *shape
}

// wireName is the member's name in JSON and in XML answers.
func (r *ref) wireName() string {
	if r.Location != "" {
		return r.Location
	}
	return r.Name
}

// orName is the location name, or the protocol's default (list "member", map "key", ...).
func (r *ref) orName(def string) string {
	if r.Location != "" {
		return r.Location
	}
	return def
}

func (r *ref) flat() bool { return r.Flat || r.to.Flat }

// timestampFormat is unixTimestamp, iso8601 or rfc822; "" means the protocol's own.
func (r *ref) timestampFormat() string {
	if r.Timestamp != "" {
		return r.Timestamp
	}
	return r.to.Timestamp
}

// tables reads every embedded table once. The files are part of the build, so a broken one is a defect
// that any test shows; hence the panic.
var tables = sync.OnceValue(func() map[string]*service {
	entries, err := shapeFiles.ReadDir("shapes")
	if err != nil {
		panic(err)
	}
	all := map[string]*service{}
	for _, e := range entries {
		raw, err := shapeFiles.ReadFile("shapes/" + e.Name())
		if err != nil {
			panic(err)
		}
		s := &service{Name: strings.TrimSuffix(e.Name(), ".json"), errors: map[string]*shape{}}
		if err := json.Unmarshal(raw, s); err != nil {
			panic(fmt.Sprintf("wire: shapes/%s: %v", e.Name(), err))
		}
		s.link()
		all[s.Name] = s
	}
	return all
})

func (s *service) link() {
	for name, sh := range s.Shapes {
		sh.name = name
		sh.member, sh.wire = map[string]*ref{}, map[string]*ref{}
		for _, m := range sh.Members {
			s.point(m)
			sh.member[m.Name] = m
			if m.In == "" {
				sh.wire[m.wireName()] = m
			}
		}
		for _, r := range []*ref{sh.Element, sh.Key, sh.Value} {
			s.point(r)
		}
	}
	s.linkErrors()
	for name, op := range s.Operations {
		op.name, op.service = name, s
		op.input, op.output = s.structure(op.In), s.structure(op.Out)
		op.emptyOutput = len(op.output.Members) == 0
		if op.URI != "" {
			op.template = parseTemplate(op.URI)
			s.routes = append(s.routes, op)
		}
	}
	slices.SortFunc(s.routes, func(a, b *operation) int {
		return cmp.Or(compareTemplates(a.template, b.template), strings.Compare(a.name, b.name))
	})
}

// linkErrors: a shape's name wins over another shape's code, and the first name over others with the same
// code, as cloudwatch has two errors whose code is ResourceNotFound.
func (s *service) linkErrors() {
	for name, sh := range s.Shapes {
		if sh.Exception {
			s.errors[name] = sh
		}
	}
	for _, name := range sortedKeys(s.Shapes) {
		sh := s.Shapes[name]
		if _, taken := s.errors[sh.Code]; sh.Exception && sh.Code != "" && !taken {
			s.errors[sh.Code] = sh
		}
	}
}

func (s *service) point(r *ref) {
	if r == nil {
		return
	}
	if r.to = s.Shapes[r.Shape]; r.to == nil {
		panic(fmt.Sprintf("wire: shapes/%s.json: shape %s is used but not there", s.Name, r.Shape))
	}
}

func (s *service) structure(name string) *shape {
	if name == "" {
		return &shape{name: "empty", Type: "structure"}
	}
	return s.Shapes[name]
}

// protocol is the codec's entry for this service; nil when a table names a protocol that none speaks.
func (s *service) protocol() *protocol { return protocolNamed(s.Protocol) }

// speaking is the protocol a request is answered in: its own where the service has that one, else the
// service's first.
func (s *service) speaking(asked *protocol) *protocol {
	if asked != nil && slices.Contains(s.Protocols, asked.name) {
		return asked
	}
	return s.protocol()
}

// takesForms says whether requests may name their operation as Action in a form.
func (s *service) takesForms() bool {
	return s.Protocol == "query" || s.Protocol == "ec2" || slices.Contains(s.Protocols, "query")
}

// lookup finds an operation; the error says what the tables hold instead.
func lookup(serviceName, operationName string) (*operation, error) {
	s := tables()[signingName(serviceName)]
	if s == nil {
		return nil, fmt.Errorf("wire: no shape table for service %q; there are %s", serviceName, strings.Join(sortedKeys(tables()), ", "))
	}
	op := s.Operations[operationName]
	if op == nil {
		return nil, fmt.Errorf("wire: no shapes for %s:%s; add it to the list in lab/wire/internal/genshapes and run that", serviceName, operationName)
	}
	return op, nil
}

// commandNames are names under which the AWS command line knows services, where the signing name is another one.
var commandNames = map[string]string{"cloudwatch": "monitoring", "efs": "elasticfilesystem", "elbv2": "elasticloadbalancing"}

// signingName is the name of a service in the tables, given that or the command line's.
func signingName(service string) string { return or(commandNames[service], service) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
