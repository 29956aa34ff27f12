package network

import "testing"

func TestTo(t *testing.T) {
	for _, tc := range []struct{ name, region, partition, host, service string }{
		{"ecr.api", "eu-west-1", "aws", "api.ecr.eu-west-1.amazonaws.com", "com.amazonaws.eu-west-1.ecr.api"},
		{"ecr.dkr", "us-gov-west-1", "aws-us-gov", mine + ".dkr.ecr.us-gov-west-1.amazonaws.com", "com.amazonaws.us-gov-west-1.ecr.dkr"},
		{"s3", "cn-north-1", "aws-cn", "prod-cn-north-1-starport-layer-bucket.s3.cn-north-1.amazonaws.com.cn", "com.amazonaws.cn-north-1.s3"},
		{"logs", "eu-west-1", "aws", "logs.eu-west-1.amazonaws.com", "com.amazonaws.eu-west-1.logs"},
		{"docker-hub", "eu-west-1", "aws", "registry-1.docker.io", ""},
	} {
		d := To(tc.name, tc.region, tc.partition, mine)
		if d.Host != tc.host || d.EndpointService != tc.service || d.Port != 443 || d.Gateway != (tc.name == "s3") {
			t.Errorf("To(%s, %s) = %+v", tc.name, tc.region, d)
		}
	}
	if !sameService("cn.com.amazonaws.cn-north-1.ecr.api", To("ecr.api", "cn-north-1", "aws-cn", mine).EndpointService) {
		t.Error("the endpoint service of ECR in China is not recognised")
	}
}
