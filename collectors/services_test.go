package collectors

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab/wire"
)

func TestOneDeniedRoleAmongThree(t *testing.T) {
	w := serve(t)
	w.Before = func(r *wire.Request, in any) error {
		if r, ok := in.(*iam.GetRoleInput); ok && *r.RoleName == "two" {
			return wire.Errorf("AccessDenied", "not this one")
		} else if ok && *r.RoleName == "three" {
			return wire.Errorf("NoSuchEntity", "The role with name three cannot be found.")
		}
		return nil
	}
	one, two, three := evidence.RoleKey("one"), evidence.RoleKey("two"), evidence.RoleKey("three")
	s := w.fetch(t, one.Key, two.Key, three.Key)
	if v := value(t, s, one); v.Trust != `{"Version":"2012-10-17", "a":"b+c"}` {
		t.Errorf("trust policy reads %s", v.Trust)
	}
	wantGap(t, s, two.Key, "AccessDenied", "allow iam:GetRole")
	wantAbsent(t, s, three.Key)
}

func TestPoliciesOfARole(t *testing.T) {
	list, managed := evidence.RolePoliciesKey("r"), evidence.ManagedPolicyKey("arn:aws:iam::aws:policy/A")
	s := serve(t).fetch(t, list.Key, managed.Key)
	want := evidence.RolePolicies{Attached: []string{"arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"}, Inline: []string{"read-secret"}}
	if diff := cmp.Diff(want, value(t, s, list)); diff != "" {
		t.Errorf("both pages and both lists (-want +got):\n%s", diff)
	}
	if v := value(t, s, managed); v.Document != `{"of":"v3"}` || v.Name != "A" || !v.UpdatedAt.At.Equal(answeredAt) {
		t.Errorf("managed policy reads %+v, want its default version", v)
	}
}

func TestNetworkReads(t *testing.T) {
	sg, rt := evidence.SecurityGroupKey("sg-1"), evidence.RouteTablesKey("vpc-1")
	s := serve(t).fetch(t, sg.Key, rt.Key, evidence.SubnetKey("subnet-1").Key, evidence.SubnetKey("subnet-x").Key,
		evidence.PrefixListKey("pl-1").Key, evidence.PrefixListKey("pl-own").Key, evidence.PrefixListKey("pl-x").Key, evidence.VpcDNSKey("vpc-1").Key)
	wantAbsent(t, s, evidence.SubnetKey("subnet-x").Key, evidence.PrefixListKey("pl-x").Key)
	if v := value(t, s, evidence.SubnetKey("subnet-1")); v.FreeAddresses != 7 || v.ZoneID != "euw1-az1" || v.BlockPublicAccess != "off" {
		t.Errorf("subnet reads %+v", v)
	}
	wantRules := []evidence.SGRule{
		{Protocol: "tcp", FromPort: 443, ToPort: 443, CIDR: "10.0.0.0/8"},
		{Protocol: "tcp", FromPort: 443, ToPort: 443, CIDR: "192.168.0.0/16"},
		{Protocol: "tcp", FromPort: 443, ToPort: 443, PrefixList: "pl-1"},
		{Protocol: "-1", FromPort: -1, ToPort: -1, Group: "sg-2"},
	}
	if diff := cmp.Diff(wantRules, value(t, s, sg).Egress); diff != "" {
		t.Errorf("one rule for each peer (-want +got):\n%s", diff)
	}
	table := value(t, s, rt).Tables[0]
	if !table.Main || !slices.Equal(table.Subnets, []string{"subnet-1"}) || table.Routes[0].Target != "local" || table.Routes[1].Target != "nat-1" || table.Routes[1].State != "blackhole" {
		t.Errorf("route table reads %+v", table)
	}
	if v := value(t, s, evidence.PrefixListKey("pl-own")); v.Name != "offices" || !slices.Equal(v.CIDRs, []string{"203.0.113.0/24"}) {
		t.Errorf("own prefix list reads %+v", v)
	}
	if v := value(t, s, evidence.VpcDNSKey("vpc-1")); !v.Support || v.Hostnames {
		t.Errorf("DNS attributes read %+v", v)
	}
}

// Many VPCs cost one call, and each gets its own rows over all pages.
func TestManyVPCsInOneCall(t *testing.T) {
	w := serve(t, op("ec2", "DescribeRouteTables", func(in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
		var all []ec2types.RouteTable
		for i := range 150 {
			vpc := fmt.Sprintf("vpc-%d", i%3)
			if slices.Contains(in.Filters[0].Values, vpc) {
				all = append(all, ec2types.RouteTable{RouteTableId: p(fmt.Sprintf("rtb-%d", i)), VpcId: &vpc})
			}
		}
		rows, next, err := wire.Page(all, aws.ToString(in.NextToken), int(*in.MaxResults), 100)
		out := &ec2.DescribeRouteTablesOutput{RouteTables: rows}
		if next != "" {
			out.NextToken = &next
		}
		return out, err
	}))
	s := w.fetch(t, evidence.RouteTablesKey("vpc-0").Key, evidence.RouteTablesKey("vpc-1").Key, evidence.RouteTablesKey("vpc-2").Key, evidence.RouteTablesKey("vpc-9").Key)
	for _, vpc := range []string{"vpc-0", "vpc-1", "vpc-2"} {
		if n := len(value(t, s, evidence.RouteTablesKey(vpc)).Tables); n != 50 {
			t.Errorf("%s has %d tables, want 50", vpc, n)
		}
	}
	if n := len(value(t, s, evidence.RouteTablesKey("vpc-9")).Tables); n != 0 || w.count("ec2:DescribeRouteTables") != 2 {
		t.Errorf("vpc-9 has %d tables after %d calls, want none after 2 pages", n, w.count("ec2:DescribeRouteTables"))
	}
}

func TestImagesThatDoNotExist(t *testing.T) {
	known := map[string]bool{"v1": true, "v2": true}
	w := serve(t, op("ecr", "DescribeImages", func(in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
		if *in.RepositoryName == "gone" {
			return nil, &ecrtypes.RepositoryNotFoundException{Message: p("The repository with name 'gone' does not exist in the registry with id '111122223333'")}
		}
		out := &ecr.DescribeImagesOutput{}
		for _, id := range in.ImageIds {
			if !known[aws.ToString(id.ImageTag)] {
				return nil, &ecrtypes.ImageNotFoundException{Message: p(fmt.Sprintf("The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name 'team/web' in the registry with id '111122223333'",
					orNull(id.ImageDigest), orNull(id.ImageTag)))}
			}
			out.ImageDetails = append(out.ImageDetails, ecrtypes.ImageDetail{ImageDigest: p(digest), ImageTags: []string{*id.ImageTag}})
		}
		return out, nil
	}))
	v1, v2, v9, byDigest := evidence.ImageKey(repo, ":v1"), evidence.ImageKey(repo, ":v2"), evidence.ImageKey(repo, ":v9").Key, evidence.ImageKey(repo, "@"+digest).Key
	other := evidence.ImageKey(evidence.RepositoryID("111122223333", "us-east-1", "gone"), ":v1").Key
	s := w.fetch(t, v1.Key, v2.Key, v9, byDigest, other)
	value(t, s, v1)
	value(t, s, v2)
	wantAbsent(t, s, v9, byDigest, other)
}

func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

func TestRepositoriesThatDoNotExist(t *testing.T) {
	w := serve(t, wire.Op("ecr", "DescribeRepositories", func(r *wire.Request, in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
		out := &ecr.DescribeRepositoriesOutput{}
		for _, n := range in.RepositoryNames {
			if strings.HasPrefix(n, "gone") {
				return nil, &ecrtypes.RepositoryNotFoundException{Message: p("The repository with name '" + n + "' does not exist in the registry with id '111122223333'")}
			}
			out.Repositories = append(out.Repositories, ecrtypes.Repository{RepositoryName: &n, RegistryId: in.RegistryId, RepositoryUri: p("in " + r.Region)})
		}
		return out, nil
	}))
	id := func(region, name string) string { return evidence.RepositoryID("111122223333", region, name) }
	a, b, far := evidence.RepositoryKey(id("eu-west-1", "web")), evidence.RepositoryKey(id("eu-west-1", "b/c")), evidence.RepositoryKey(id("us-east-1", "web"))
	gone1, gone2 := evidence.RepositoryKey(id("eu-west-1", "gone1")).Key, evidence.RepositoryKey(id("eu-west-1", "gone2")).Key
	s := w.fetch(t, a.Key, b.Key, far.Key, gone1, gone2)
	wantAbsent(t, s, gone1, gone2)
	value(t, s, a)
	if v := value(t, s, b); v.Name != "b/c" || v.URI != "in eu-west-1" {
		t.Errorf("repository reads %+v", v)
	}
	if v := value(t, s, far); v.URI != "in us-east-1" {
		t.Errorf("a repository of another region was asked %s", v.URI)
	}
}

func TestRepositoryWithoutPolicy(t *testing.T) {
	w := serve(t)
	w.Before = func(*wire.Request, any) error {
		return &ecrtypes.RepositoryPolicyNotFoundException{Message: p("Repository policy does not exist")}
	}
	k := evidence.RepositoryPolicyKey(repo).Key
	wantAbsent(t, w.fetch(t, k), k)
}

func TestManifests(t *testing.T) {
	w := serve(t, op("ecr", "BatchGetImage", func(in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
		return &ecr.BatchGetImageOutput{
			Images: []ecrtypes.Image{
				{ImageId: &ecrtypes.ImageIdentifier{ImageTag: p("multi")}, ImageManifest: p(`{"mediaType":"` + ociIndex + `","manifests":[{"platform":{"os":"linux","architecture":"arm64"}},{"platform":{"os":"unknown","architecture":"unknown"}}]}`)},
				{ImageId: &ecrtypes.ImageIdentifier{ImageTag: p("single")}, ImageManifestMediaType: p(dockerV2), ImageManifest: p(`{"config":{}}`)},
				{ImageId: &ecrtypes.ImageIdentifier{ImageTag: p("broken")}, ImageManifest: p(`{`)},
			},
			Failures: []ecrtypes.ImageFailure{
				{ImageId: &ecrtypes.ImageIdentifier{ImageTag: p("gone")}, FailureCode: ecrtypes.ImageFailureCodeImageNotFound},
				{ImageId: &ecrtypes.ImageIdentifier{ImageTag: p("kms")}, FailureCode: ecrtypes.ImageFailureCodeKmsError, FailureReason: p("no key")},
			},
		}, nil
	}))
	key := func(tag string) evidence.Ref[evidence.Manifest] { return evidence.ManifestKey(repo, ":"+tag) }
	s := w.fetch(t, key("multi").Key, key("single").Key, key("broken").Key, key("gone").Key, key("kms").Key)
	if v := value(t, s, key("multi")); !v.Index || !slices.Equal(v.Platforms, []string{"linux/arm64"}) {
		t.Errorf("index reads %+v", v)
	}
	if v := value(t, s, key("single")); v.Index || len(v.Platforms) != 0 {
		t.Errorf("manifest reads %+v", v)
	}
	wantAbsent(t, s, key("gone").Key)
	wantGap(t, s, key("kms").Key, "KmsError", "")
	wantGap(t, s, key("broken").Key, evidence.ReasonUnreadable, "")
	if w.count("ecr:BatchGetImage") != 1 {
		t.Errorf("%d calls, want one", w.count("ecr:BatchGetImage"))
	}
}

func TestLogGroupsInBothForms(t *testing.T) {
	there, sibling := evidence.LogGroupKey("/ecs/web"), evidence.LogGroupKey("/ecs/we").Key
	for _, refuse := range []bool{false, true} {
		w := serve(t)
		w.Before = func(_ *wire.Request, in any) error {
			if in.(*cloudwatchlogs.DescribeLogGroupsInput).LogGroupIdentifiers != nil && refuse {
				return &logstypes.InvalidParameterException{Message: p("logGroupIdentifiers is not supported")}
			}
			return nil
		}
		s := w.fetch(t, there.Key, sibling)
		if v := value(t, s, there); v.RetentionDays != 30 || v.Class != "STANDARD" {
			t.Errorf("refused %v: log group reads %+v", refuse, v)
		}
		wantAbsent(t, s, sibling) // a prefix of another name is not that name
	}
}

func TestLogTail(t *testing.T) {
	pages := map[string][]logstypes.OutputLogEvent{"": nil, "b/1": nil, "b/2": {{Timestamp: p(int64(1)), Message: p("password=hunter2")}}}
	next := map[string]string{"": "b/1", "b/1": "b/2", "b/2": "b/2"}
	w := serve(t, op("logs", "GetLogEvents", func(in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
		if *in.LogStreamName == "empty" {
			return &cloudwatchlogs.GetLogEventsOutput{NextBackwardToken: p("b/0")}, nil
		}
		if *in.LogStreamName == "gone" {
			return nil, &logstypes.ResourceNotFoundException{Message: p("The specified log stream does not exist.")}
		}
		if aws.ToBool(in.StartFromHead) || *in.Limit != tailLines {
			return nil, wire.Errorf("InvalidParameterException", "want the last %d lines", tailLines)
		}
		token := aws.ToString(in.NextToken)
		return &cloudwatchlogs.GetLogEventsOutput{Events: pages[token], NextBackwardToken: p(next[token])}, nil
	}))
	full, empty, gone := evidence.LogTailKey("/g", "web/web/t1"), evidence.LogTailKey("/g", "empty"), evidence.LogTailKey("/g", "gone")
	s := w.fetch(t, full.Key, empty.Key, gone.Key)
	v := value(t, s, full)
	if v.Group != "/g" || v.Stream != "web/web/t1" || len(v.Lines) != 1 || v.Lines[0].Text != "password=[redacted]" || v.Truncated {
		t.Errorf("tail reads %+v", v)
	}
	if v := value(t, s, empty); len(v.Lines) != 0 || v.Truncated {
		t.Errorf("an empty stream reads %+v", v)
	}
	wantAbsent(t, s, gone.Key)
}

func TestParametersFiftyAtATime(t *testing.T) {
	w := serve(t, op("ssm", "DescribeParameters", func(in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
		out := &ssm.DescribeParametersOutput{}
		f := in.ParameterFilters[0]
		if len(f.Values) > 50 || *f.Option != "Equals" {
			return nil, wire.Errorf("ValidationException", "too many")
		}
		for _, n := range f.Values {
			if !strings.HasPrefix(n, "gone") {
				out.Parameters = append(out.Parameters, ssmtypes.ParameterMetadata{Name: &n})
			}
		}
		return out, nil
	}))
	var keys []evidence.Key
	for i := range 59 {
		keys = append(keys, evidence.ParameterKey(fmt.Sprintf("/p/%d", i)).Key)
	}
	gone := evidence.ParameterKey("gone").Key
	s := w.fetch(t, append(keys, gone)...)
	wantAbsent(t, s, gone)
	if len(s.Items()) != 60 || w.count("ssm:DescribeParameters") != 2 {
		t.Errorf("%d answers by %d calls, want 60 by 2", len(s.Items()), w.count("ssm:DescribeParameters"))
	}
}

func TestLoadBalancerNames(t *testing.T) {
	for dns, want := range map[string]string{
		"web-lb-1234567890.eu-west-1.elb.amazonaws.com":          "web-lb",
		"internal-web-lb-1234567890.eu-west-1.elb.amazonaws.com": "web-lb",
		"web-0a1b2c3d4e5f.elb.eu-west-1.amazonaws.com":           "web",
	} {
		if got := loadBalancerName(dns); got != want {
			t.Errorf("%s is %q, want %q", dns, got, want)
		}
	}
	gone := evidence.LoadBalancerKey("other-1234567890.eu-west-1.elb.amazonaws.com").Key
	namesake := evidence.LoadBalancerKey("web-lb-999.eu-west-1.elb.amazonaws.com").Key
	wantAbsent(t, serve(t).fetch(t, gone, namesake), gone, namesake)
}
