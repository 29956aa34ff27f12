package facts

import (
	"cmp"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// streamMissing looks for the Kinesis stream that the options of awsfirelens name. A stream of another region or account is
// not looked for, and a delivery stream of Firehose cannot be read: no client for it is part of ecsplain.
func streamMissing(v *evidence.View, in *Incident, td evidence.TaskDefinition, cite func(name, field, value string) evidence.Basis) Check {
	for _, c := range td.Containers {
		kind := strings.ToLower(cmp.Or(option(c, "Name"), option(c, "name")))
		if c.LogDriver != "awsfirelens" || kind != "kinesis" && kind != "kinesis_streams" {
			continue
		}
		name, region := option(c, "stream"), cmp.Or(option(c, "region"), in.Launch.Region)
		basis := cite(c.Name, "logConfiguration.options", "stream "+name+" in "+region)
		if name == "" || strings.Contains(name, "$") || region != in.Launch.Region || option(c, "role_arn") != "" {
			basis.Unknown, basis.Why = true, "the stream of the router's output is made up at run time, or lies in another region or account"
			return Check{Basis: basis}
		}
		w := v.Track()
		w.CiteAll(basis.Cites)
		key := evidence.StreamKey(name)
		s, st := evidence.Read(w, key)
		switch st {
		case evidence.Absent:
			w.Cite(key.Key, "stream "+name, "StreamName", "does not exist")
			return Check{Holds: true, Resource: name, Detail: "stream " + name + " does not exist in " + region, Basis: w.Decided()}
		case evidence.Found:
			w.Cite(key.Key, "stream "+name, "StreamStatus", s.Status)
			return Check{Holds: s.Status == "DELETING", Resource: name, Detail: "stream " + name + " is being deleted", Basis: w.Decided()}
		}
		return Check{Resource: name, Basis: w.Undecided("")}
	}
	return Check{Basis: cite("", "logConfiguration", "no output of FireLens to a Kinesis stream")}
}
