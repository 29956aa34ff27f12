package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// NetConfig is the launch's network configuration against what exists: subnets, security groups, VPC and zones.
type NetConfig struct {
	Groups     []string `json:"groups"`       // that were found, in the VPC of the subnets
	Good       []string `json:"good_subnets"` // that were found, in zones that Fargate serves
	SubnetGone Check    `json:"subnet_gone"`  // Resource is the subnet
	GroupGone  Check    `json:"group_gone"`   // Resource is the security group
	OtherVPC   Check    `json:"other_vpc"`    // Resource is the security group
	TooMany    Check    `json:"too_many"`
	Unserved   Check    `json:"unserved"` // Resource is the subnet
	// Basis covers Groups and Good.
	Basis evidence.Basis `json:"-"`
}

// Limits of an awsvpcConfiguration (Amazon ECS API reference, AwsVpcConfiguration).
const (
	maxConfiguredSubnets = 16
	maxConfiguredGroups  = 5
)

// servedZones are the zones that Fargate serves for Linux where it does not serve all of a region (Amazon ECS developer
// guide, Regions for Fargate, read in 2026). In regions that are not listed every zone is served.
var servedZones = map[string][]string{
	"us-west-1":      {"usw1-az1", "usw1-az3"},
	"ap-northeast-1": {"apne1-az1", "apne1-az2", "apne1-az4"},
	"cn-north-1":     {"cnn1-az1", "cnn1-az2"},
}

func netConfigFact(v *evidence.View, in *Incident) {
	n := &in.NetConfig
	*n = NetConfig{}
	l := in.Launch
	n.TooMany = Check{Holds: len(l.Subnets) > maxConfiguredSubnets || len(l.SecurityGroups) > maxConfiguredGroups, Resource: cmp.Or(in.Service, in.Schedule.Name, l.TaskDefinition),
		Detail: evidence.Counted(len(l.Subnets), "subnet") + " and " + evidence.Counted(len(l.SecurityGroups), "security group"), Basis: configCites(v, in)}
	n.subnets(v, in)
	n.groups(v, in)
}

func configCites(v *evidence.View, in *Incident) evidence.Basis {
	w := v.Track()
	if in.Service != "" {
		w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+in.Service, "networkConfiguration.awsvpcConfiguration",
			fmt.Sprintf("subnets %s, security groups %s", listed(in.Launch.Subnets), listed(in.Launch.SecurityGroups)))
	}
	return w.Decided()
}

func listed(ids []string) string {
	if len(ids) == 0 {
		return "none"
	}
	return strings.Join(ids, " ")
}

// configured are the launch's subnets, or the one where it was where no more is known.
func configured(l Launch) []string {
	if len(l.Subnets) == 0 && l.Subnet != "" {
		return []string{l.Subnet}
	}
	return l.Subnets
}

func (n *NetConfig) subnets(v *evidence.View, in *Incident) {
	gone, zone := v.Track(), v.Track()
	openGone, openZone, gapped := false, false, ""
	for _, id := range configured(in.Launch) {
		key := evidence.SubnetKey(id)
		s, st := evidence.Read(gone, key)
		zone.Want(key.Key)
		switch st {
		case evidence.Absent:
			if !n.SubnetGone.Holds {
				n.SubnetGone.Holds, n.SubnetGone.Resource = true, id
				n.SubnetGone.Detail = id + " does not exist in " + in.Launch.Region + ", or account " + in.Launch.Account + " does not see it"
			}
			gone.Cite(key.Key, id, "SubnetId", "not found")
		case evidence.Found:
			gone.Cite(key.Key, id, "SubnetId", "found")
			served, limited := servedZones[in.Launch.Region]
			if limited && s.ZoneID != "" && !slices.Contains(served, s.ZoneID) {
				n.Unserved.Holds, n.Unserved.Resource = true, id
				n.Unserved.Detail = fmt.Sprintf("%s is in %s (%s), and in %s Fargate serves only %s", id, s.AvailabilityZone, s.ZoneID, in.Launch.Region, strings.Join(served, ", "))
				zone.Cite(key.Key, id, "AvailabilityZoneId", s.ZoneID)
				continue
			}
			zone.Cite(key.Key, id, "AvailabilityZoneId", s.ZoneID)
			n.Good = append(n.Good, id)
		default:
			openGone, openZone = true, true
			if st == evidence.Gapped && id == in.Message.Fields.Subnet {
				gapped = id
			}
		}
	}
	said := in.Symptom == "network/config/subnet-not-found" && !strings.Contains(in.Message.Text, "Throttling")
	if said && !n.SubnetGone.Holds && gapped != "" {
		n.SubnetGone = Check{Holds: true, Resource: gapped, Detail: "EC2 said that " + gapped + " does not exist"}
		gone.CiteAll(in.Basis.Cites)
	}
	n.SubnetGone.Basis = settled(gone, n.SubnetGone.Holds, openGone)
	n.Unserved.Basis = settled(zone, n.Unserved.Holds, openZone)
	n.Basis = settled(gone, !openGone, openGone)
}

// settled is the Basis of a check over several things: one that holds decides, one that is open leaves it open.
func settled(w *evidence.View, holds, open bool) evidence.Basis {
	if !holds && open {
		return w.Undecided("")
	}
	return w.Decided()
}

func (n *NetConfig) groups(v *evidence.View, in *Incident) {
	vpc := ""
	gone, other := v.Track(), v.Track()
	for _, id := range configured(in.Launch) {
		if s, st := evidence.Read(other, evidence.SubnetKey(id)); st == evidence.Found && vpc == "" {
			vpc = s.VpcID
			other.Cite(evidence.SubnetKey(id).Key, id, "VpcId", vpc)
		}
	}
	open, gapped := false, ""
	for _, id := range in.Launch.SecurityGroups {
		key := evidence.SecurityGroupKey(id)
		g, st := evidence.Read(gone, key)
		other.Want(key.Key)
		switch st {
		case evidence.Absent:
			n.GroupGone.Holds, n.GroupGone.Resource, n.GroupGone.Detail = true, id, id+" does not exist"
			gone.Cite(key.Key, id, "GroupId", "not found")
		case evidence.Found:
			gone.Cite(key.Key, id, "GroupId", "found")
			other.Cite(key.Key, id, "VpcId", g.VpcID)
			if vpc != "" && g.VpcID != vpc {
				n.OtherVPC.Holds, n.OtherVPC.Resource = true, id
				n.OtherVPC.Detail = fmt.Sprintf("%s belongs to %s and the subnets to %s", id, g.VpcID, vpc)
				continue
			}
			n.Groups = append(n.Groups, id)
		default:
			open = true
			if st == evidence.Gapped && id == in.Message.Fields.SecurityGroup {
				gapped = id
			}
		}
	}
	if gapped != "" && in.Symptom == "network/config/security-group-not-found" && !n.GroupGone.Holds {
		n.GroupGone = Check{Holds: true, Resource: gapped, Detail: "EC2 said that " + gapped + " does not exist"}
		gone.CiteAll(in.Basis.Cites)
	}
	n.GroupGone.Basis = settled(gone, n.GroupGone.Holds, open)
	n.OtherVPC.Basis = settled(other, n.OtherVPC.Holds, open || vpc == "" && len(in.Launch.SecurityGroups) > 0)
}
