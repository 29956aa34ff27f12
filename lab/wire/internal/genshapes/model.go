package main

import (
	"bytes"
	"encoding/json"
	"slices"
)

// model is the part of a botocore service-2.json that the tables are made from.
type model struct {
	Metadata struct {
		Protocol        string    `json:"protocol"`
		Protocols       []string  `json:"protocols,omitempty"` // written only where the first is none that every client speaks
		JSONVersion     string    `json:"jsonVersion,omitempty"`
		APIVersion      string    `json:"apiVersion"`
		TargetPrefix    string    `json:"targetPrefix,omitempty"`
		XMLNamespace    string    `json:"xmlNamespace,omitempty"`
		QueryCompatible *struct{} `json:"awsQueryCompatible,omitempty"`
	} `json:"metadata"`
	Operations map[string]struct {
		Input  *ref `json:"input"`
		Output *ref `json:"output"`
		HTTP   struct {
			Method       string `json:"method"`
			RequestURI   string `json:"requestUri"`
			ResponseCode int    `json:"responseCode"`
		} `json:"http"`
	} `json:"operations"`
	Shapes map[string]*shape `json:"shapes"`
}

type ref struct {
	Shape           string `json:"shape"`
	Location        string `json:"location,omitempty"`
	LocationName    string `json:"locationName,omitempty"`
	QueryName       string `json:"queryName,omitempty"`
	Flattened       bool   `json:"flattened,omitempty"`
	TimestampFormat string `json:"timestampFormat,omitempty"`
	ResultWrapper   string `json:"resultWrapper,omitempty"`
}

type shape struct {
	Type            string   `json:"type"`
	Members         members  `json:"members"`
	Required        []string `json:"required"`
	Member          *ref     `json:"member"`
	Key             *ref     `json:"key"`
	Value           *ref     `json:"value"`
	Flattened       bool     `json:"flattened"`
	Payload         string   `json:"payload"`
	Document        bool     `json:"document"`
	Union           bool     `json:"union"`
	Enum            []string `json:"enum"`
	Min             *float64 `json:"min"`
	Max             *float64 `json:"max"`
	TimestampFormat string   `json:"timestampFormat"`
	Exception       bool     `json:"exception"`
	Fault           bool     `json:"fault"`
	Error           *struct {
		Code           string `json:"code"`
		HTTPStatusCode int    `json:"httpStatusCode"`
		SenderFault    bool   `json:"senderFault"`
	} `json:"error"`
}

type member struct {
	Name string
	Ref  ref
}

// members keeps the model's order, which is the order AWS documents and mostly answers in.
type members []member

func (ms *members) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		m := member{Name: name.(string)}
		if err := dec.Decode(&m.Ref); err != nil {
			return err
		}
		*ms = append(*ms, m)
	}
	return nil
}

// unmarkedUnions are unions in the SDK that botocore's models do not mark as such (of xray).
var unmarkedUnions = []string{"AnnotationValue"}

// dropInterfaces takes members of free-form document type and of union type away: the SDK holds them as an
// interface of each service's own, which one codec over structs cannot make. The server counts a client
// that sends one.
func (m *model) dropInterfaces() {
	for _, s := range m.Shapes {
		s.Members = slices.DeleteFunc(s.Members, func(mem member) bool {
			to := m.Shapes[mem.Ref.Shape]
			return to.Document || to.Union || slices.Contains(unmarkedUnions, mem.Ref.Shape)
		})
	}
}

// isREST says whether operations are told apart by method and path and members have places of their own.
func (m *model) isREST() bool { return m.Metadata.Protocol == "rest-json" }

// narrow clears what the codec of the model's protocol does not look at, so that tables stay small.
func (m *model) narrow() {
	if m.Metadata.Protocol != "smithy-rpc-v2-cbor" {
		m.Metadata.Protocols = nil
	}
	if m.isREST() {
		return
	}
	for _, s := range m.Shapes {
		s.Payload = ""
		for i := range s.Members {
			s.Members[i].Ref.Location = ""
		}
	}
}

func (m *model) reach(name string, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	s := m.Shapes[name]
	for _, mem := range s.Members {
		m.reach(mem.Ref.Shape, seen)
	}
	for _, r := range []*ref{s.Member, s.Key, s.Value} {
		if r != nil {
			m.reach(r.Shape, seen)
		}
	}
}

// The written form; lab/wire's shapes.go reads it.
type (
	outOperation struct {
		Input   string `json:"in,omitempty"`
		Output  string `json:"out,omitempty"`
		Wrapper string `json:"wrapper,omitempty"`
		Method  string `json:"method,omitempty"` // rest-json only, with the two below
		URI     string `json:"uri,omitempty"`
		Status  int    `json:"status,omitempty"`
	}
	outRef struct {
		Name      string `json:"name,omitempty"`
		Shape     string `json:"shape"`
		In        string `json:"in,omitempty"`
		Location  string `json:"loc,omitempty"`
		Query     string `json:"query,omitempty"`
		Flat      bool   `json:"flat,omitempty"`
		Timestamp string `json:"time,omitempty"`
		Required  bool   `json:"req,omitempty"`
	}
	outShape struct {
		Type      string   `json:"type"`
		Members   []outRef `json:"members,omitempty"`
		Element   *outRef  `json:"elem,omitempty"`
		Key       *outRef  `json:"key,omitempty"`
		Value     *outRef  `json:"value,omitempty"`
		Payload   string   `json:"payload,omitempty"`
		Flat      bool     `json:"flat,omitempty"`
		Enum      []string `json:"enum,omitempty"`
		Min       *float64 `json:"min,omitempty"`
		Max       *float64 `json:"max,omitempty"`
		Timestamp string   `json:"time,omitempty"`
		Exception bool     `json:"exception,omitempty"`
		Code      string   `json:"code,omitempty"`
		Status    int      `json:"status,omitempty"`
		Fault     bool     `json:"fault,omitempty"`
	}
)

func (r *ref) out() *outRef {
	if r == nil {
		return nil
	}
	return &outRef{Shape: r.Shape, In: r.Location, Location: r.LocationName, Query: r.QueryName, Flat: r.Flattened, Timestamp: r.TimestampFormat}
}

func (s *shape) out() outShape {
	o := outShape{
		Type: s.Type, Element: s.Member.out(), Key: s.Key.out(), Value: s.Value.out(), Payload: s.Payload, Flat: s.Flattened,
		Enum: s.Enum, Min: s.Min, Max: s.Max, Timestamp: s.TimestampFormat, Exception: s.Exception, Fault: s.Fault,
	}
	if s.Error != nil {
		o.Code, o.Status = s.Error.Code, s.Error.HTTPStatusCode
	}
	required := map[string]bool{}
	for _, r := range s.Required {
		required[r] = true
	}
	for _, m := range s.Members {
		r := m.Ref.out()
		r.Name, r.Required = m.Name, required[m.Name]
		o.Members = append(o.Members, *r)
	}
	return o
}
