package facts

import (
	"fmt"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts/iam"
	"github.com/ecsplain/ecsplain/evidence"
)

// EnvFile is about the environment files in S3 that the task definition names: the first one that a check holds for.
// Whether the file is in the bucket cannot be seen without reading S3.
type EnvFile struct {
	ARN    string         `json:"arn"` // the first file; "" = none
	Bucket string         `json:"bucket"`
	Count  int            `json:"count"`
	Role   string         `json:"role"` // execution role by name
	Bad    Check          `json:"bad"`  // the reference is not what ECS takes, or there are more than ten
	Denied Check          `json:"denied"`
	Basis  evidence.Basis `json:"-"`
}

const maxEnvFiles = 10 // for each container (Amazon ECS API, ContainerDefinition.environmentFiles)

func envFileFact(v *evidence.View, in *Incident) {
	e := &in.EnvFile
	if in.Definition.Basis.Unknown {
		b := in.Definition.Basis
		*e = EnvFile{Basis: b, Bad: Check{Basis: b}, Denied: Check{Basis: b}}
		return
	}
	td, _ := evidence.Read(v.Track(), evidence.TaskDefinitionKey(in.Definition.ID))
	e.Role = iam.RoleName(in.Definition.ExecutionRole)
	var files []string
	for _, c := range td.Containers {
		files = append(files, c.EnvironmentFiles...)
		if len(c.EnvironmentFiles) > maxEnvFiles {
			e.Bad = Check{Holds: true, Resource: c.Name, Detail: fmt.Sprintf("container %s names %d environment files, and %d are the most there may be", c.Name, len(c.EnvironmentFiles), maxEnvFiles)}
		}
	}
	e.Count = len(files)
	basis := evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.environmentFiles", strings.Join(files, ", "))}
	e.Basis, e.Bad.Basis, e.Denied.Basis = basis, basis, basis
	for _, f := range files {
		if !e.Bad.Holds && !validEnvFile(f) {
			e.Bad = Check{Holds: true, Resource: f, Detail: f + " is not arn:PARTITION:s3:::BUCKET/KEY.env", Basis: basis}
		}
	}
	for _, f := range files {
		if !validEnvFile(f) {
			continue
		}
		d := iam.RoleMay(v.Track(), in.Definition.ExecutionRole, "s3:GetObject", f, nil)
		if e.ARN == "" || d.Denied || d.Basis.Unknown && !e.Denied.Holds {
			e.ARN, e.Bucket = f, bucketOf(f)
			e.Denied = Check{Holds: d.Denied, Resource: d.Role, Detail: d.Says, Basis: d.Basis}
		}
		if d.Denied {
			return
		}
	}
}

func validEnvFile(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "s3" || parts[3] != "" || parts[4] != "" {
		return false
	}
	bucket, key, ok := strings.Cut(parts[5], "/")
	return ok && bucket != "" && strings.HasSuffix(key, ".env")
}

func bucketOf(arn string) string {
	object := arn[strings.LastIndexByte(arn, ':')+1:]
	bucket, _, _ := strings.Cut(object, "/")
	return bucket
}
