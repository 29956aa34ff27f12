package lab

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// inRegion is a configuration whose calls to the account at url are signed for a region.
func inRegion(url, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(url), RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", "")}
}

// What is in the account's region is in no other one, for the real SDK: there the account is empty, its user and roles are the same, and
// nothing can be made.
func TestOtherRegionsAreEmpty(t *testing.T) {
	w := New(Options{})
	s := httptest.NewServer(w.Handler())
	defer s.Close()
	ctx, there := t.Context(), inRegion(s.URL, "us-east-1")
	e, n := ecs.NewFromConfig(there), ec2.NewFromConfig(there)
	_, err := e.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"orders"}})
	if !errors.As(err, new(*ecstypes.ClusterNotFoundException)) {
		t.Errorf("a service of another region: %v", err)
	}
	if out, err := e.ListClusters(ctx, nil); err != nil || len(out.ClusterArns) > 0 {
		t.Errorf("clusters: %v, %v", out, err)
	}
	if out, err := n.DescribeVpcs(ctx, nil); err != nil || len(out.Vpcs) > 0 {
		t.Errorf("VPCs: %v, %v", out, err)
	}
	if out, err := n.DescribeNetworkInterfaces(ctx, nil); err != nil || len(out.NetworkInterfaces) > 0 {
		t.Errorf("interfaces: %v, %v", out, err)
	}
	if out, err := cloudwatchlogs.NewFromConfig(there).DescribeLogGroups(ctx, nil); err != nil || len(out.LogGroups) > 0 {
		t.Errorf("log groups: %v, %v", out, err)
	}
	if out, err := elb.NewFromConfig(there).DescribeTargetGroups(ctx, nil); err != nil || len(out.TargetGroups) > 0 {
		t.Errorf("target groups: %v, %v", out, err)
	}
	if out, err := sts.NewFromConfig(there).GetCallerIdentity(ctx, nil); err != nil || *out.Account != w.Account {
		t.Errorf("caller: %v, %v", out, err)
	}
	if out, err := iam.NewFromConfig(there).ListRoles(ctx, nil); err != nil || len(out.Roles) == 0 {
		t.Errorf("roles: %v, %v", out, err)
	}
	if _, err := e.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("far")}); codeOf(t, err) != "NotImplemented" || !strings.Contains(err.Error(), "the lab has one region, eu-west-1") {
		t.Errorf("making a cluster: %v", err)
	}
	home, err := ecs.NewFromConfig(inRegion(s.URL, w.Region)).ListClusters(ctx, nil)
	if err != nil || len(home.ClusterArns) != 1 {
		t.Errorf("at home: %v, %v", home, err)
	}
	w.Deny("ecs:ListClusters")
	if _, err := e.ListClusters(ctx, nil); codeOf(t, err) != "AccessDeniedException" {
		t.Errorf("who may not do it may not do it elsewhere either: %v", err)
	}
}

// Regions that do not know the caller's keys refuse every call, in the words of each protocol; one that is none is named besides.
func TestRegionsThatRefuse(t *testing.T) {
	w := New(Options{})
	s := httptest.NewServer(w.Handler())
	defer s.Close()
	ctx := t.Context()
	for region, named := range map[string]bool{"af-south-1": false, "us-gov-west-1": false, "cn-north-1": false, "mars": true, "eu-west-9": true} {
		there := inRegion(s.URL, region)
		_, e := ecs.NewFromConfig(there).ListClusters(ctx, nil)
		_, n := ec2.NewFromConfig(there).DescribeVpcs(ctx, nil)
		_, b := elb.NewFromConfig(there).DescribeLoadBalancers(ctx, nil)
		_, c := sts.NewFromConfig(there).GetCallerIdentity(ctx, nil)
		if got := []string{codeOf(t, e), codeOf(t, n), codeOf(t, b), codeOf(t, c)}; !slices.Equal(got, []string{"UnrecognizedClientException", "AuthFailure", "InvalidClientTokenId", "InvalidClientTokenId"}) {
			t.Errorf("%s: %v", region, got)
		}
		for _, err := range []error{e, n, b, c} {
			if err == nil || strings.Contains(err.Error(), `There is no region "`+region+`"`) != named {
				t.Errorf("%s: %v", region, err)
			}
		}
	}
}

// The aws command line meets the same.
func TestCommandLineInOtherRegions(t *testing.T) {
	c := newCommandLine(t, New(Options{}))
	for _, x := range []struct{ args, want string }{
		{"ecs describe-services --cluster shop --services orders --region us-east-1", "ClusterNotFoundException"},
		{"ec2 describe-subnets --subnet-ids ${subnet:private-a} --region us-east-1", "InvalidSubnetID.NotFound"},
		{"ecs list-clusters --region mars", `There is no region "mars"`},
	} {
		if _, stderr, ok := c.run(t, x.args); ok || !strings.Contains(stderr, x.want) {
			t.Errorf("%s: %s", x.args, stderr)
		}
	}
	if stdout, stderr, ok := c.run(t, "ecs list-clusters --region us-east-2 --query clusterArns --output text"); !ok || strings.TrimSpace(stdout) != "" {
		t.Errorf("clusters: %s%s", stdout, stderr)
	}
}
