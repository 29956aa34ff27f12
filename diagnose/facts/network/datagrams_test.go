package network

import (
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/evidence"
)

func TestQueryNacl(t *testing.T) {
	out := func(protocol string, lo, hi int) evidence.AclEntry {
		return evidence.AclEntry{Number: 100, Egress: true, Allow: true, Protocol: protocol, CIDR: "0.0.0.0/0", FromPort: lo, ToPort: hi}
	}
	back := func(protocol string, lo, hi int) evidence.AclEntry {
		e := out(protocol, lo, hi)
		e.Egress = false
		return e
	}
	for _, c := range []struct {
		name, address string
		entries       []evidence.AclEntry
		want, says    string
	}{
		{"all", "10.9.9.9", []evidence.AclEntry{out("-1", 0, 0), back("-1", 0, 0)}, "no", ""},
		{"udp alone", "10.9.9.9", []evidence.AclEntry{out("17", 53, 53), back("17", 1024, 65535)}, "no", ""},
		{"tcp alone", "10.9.9.9", []evidence.AclEntry{out("6", 53, 53), back("6", 1024, 65535)}, "yes", "outbound udp/53"},
		{"443 alone", "10.9.9.9", []evidence.AclEntry{out("6", 443, 443), back("6", 1024, 65535)}, "yes", "outbound udp/53"},
		{"answers by tcp alone", "10.9.9.9", []evidence.AclEntry{out("-1", 0, 0), back("6", 1024, 65535)}, "yes", "inbound udp/1024-65535"},
		{"a part of the answers", "10.9.9.9", []evidence.AclEntry{out("-1", 0, 0), back("17", 32768, 60999)}, "unknown", ""},
		{"in the same subnet", "10.0.10.9", nil, "no", ""},
		{"IPv6", "fd00::1", nil, "unknown", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.acls["acl-private"].Entries = c.entries
			got := QueryNacl(evidence.NewView(w.store()), From{Account: mine, Region: region, Subnet: "subnet-private"}, c.address, 53)
			if s := insideAnswer(got); s != c.want || !strings.Contains(got.Detail, c.says) {
				t.Errorf("blocks: %s (%s), want %s (%s)", s, got.Detail, c.want, c.says)
			}
		})
	}
}
