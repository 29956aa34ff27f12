package network

import "strings"

// To describes a well-known destination as a task in the region and partition dials it. account is the registry's
// account, used by ecr.dkr. A name that is not known is taken for an endpoint service of AWS ("ssmmessages", "kms").
// Host names: AWS General Reference, service endpoints; the layer bucket of ECR: Amazon ECR user guide, VPC endpoints.
func To(name, region, partition, account string) Destination {
	suffix := "amazonaws.com"
	service := "com.amazonaws." + region + "." + name
	if partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	d := Destination{Name: name, Port: 443, EndpointService: service}
	switch name {
	case "ecr.api":
		d.Host = "api.ecr." + region + "." + suffix
	case "ecr.dkr":
		d.Host = account + ".dkr.ecr." + region + "." + suffix
	case "s3":
		d.Host = "prod-" + region + "-starport-layer-bucket.s3." + region + "." + suffix
		d.Gateway = true
	case "docker-hub":
		d.Host, d.EndpointService = "registry-1.docker.io", ""
	case "internet":
		d.EndpointService = ""
	default:
		d.Host = strings.ReplaceAll(name, "_", "-") + "." + region + "." + suffix
	}
	return d
}
