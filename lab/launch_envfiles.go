package lab

import (
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// objects are the contents of S3 that starts read, by BUCKET/KEY. A bucket is there as soon as one of its objects is.
type objects map[string]string

func (w *World) labPutObject(in map[string]any) error {
	bucket, key := textOf(in, "Bucket"), textOf(in, "Key")
	if bucket == "" || key == "" {
		return fmt.Errorf("inputs Bucket and Key name the object")
	}
	put((*map[string]string)(&w.objects), bucket+"/"+key, textOf(in, "Body"))
	return nil
}

func (w *World) labDeleteObject(in map[string]any) error {
	delete(w.objects, textOf(in, "Bucket")+"/"+textOf(in, "Key"))
	return nil
}

// bucketHost is the name that S3 is called by for a bucket.
func (w *World) bucketHost(bucket string) string { return bucket + "." + w.hostOf("s3") }

const envFileError = "ResourceInitializationError: failed to download env files: "

// fetchEnvFile puts the variables of one environment file into a container's environment, as far as they are not set already: the task
// definition wins over files, and of several files the first one (ECS developer guide, "Pass environment variables").
func (w *World) fetchEnvFile(t *task, c *container, f ecstypes.EnvironmentFile) *failure {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(aws.ToString(f.Value), "arn:"+w.Partition+":s3:::"), "/")
	if !ok || !strings.HasPrefix(aws.ToString(f.Value), "arn:"+w.Partition+":s3:::") {
		return &failure{reason: envFileError + fmt.Sprintf("unable to parse bucket and key from s3 ARN specified in environmentFile %s, error: invalid s3 arn", aws.ToString(f.Value))}
	}
	endpoint, broken := w.dial(t, w.bucketHost(bucket), 443)
	if broken != "" {
		return &failure{patience: patience, reason: envFileError + "The task can't download the environment variable files from Amazon S3. There is a connection issue between the task and Amazon S3. " +
			"Check your task network configuration. service call has been retried 5 time(s): RequestCanceled: request context canceled caused by: context deadline exceeded"}
	}
	refused := func(operation string, status int, text string) *failure {
		return &failure{reason: envFileError + fmt.Sprintf("service call has been retried 1 time(s): operation error S3: %s, https response error StatusCode: %d, RequestID: %s, HostID: %s, api error %s",
			operation, status, strings.ToUpper(w.newHex(16)), w.newHex(76), text)}
	}
	arn := fmt.Sprintf("arn:%s:s3:::%s", w.Partition, bucket)
	if w.denied(t, "s3:GetBucketLocation", arn, "", endpoint) != "" {
		return refused("GetBucketLocation", 403, "AccessDenied: Access Denied")
	}
	body, there := w.objects[bucket+"/"+key]
	switch listed := w.denied(t, "s3:ListBucket", arn, "", endpoint) == ""; {
	case w.denied(t, "s3:GetObject", arn+"/"+key, "", endpoint) != "", !there && !listed: // S3 tells who may not list a bucket nothing of what is missing
		return refused("HeadObject", 403, "Forbidden: Forbidden.")
	case !there:
		return refused("HeadObject", 404, "NotFound: Not Found")
	}
	read := readEnvFile(body)
	maps.Copy(read, c.env)
	c.env = read
	return nil
}

// readEnvFile reads lines of VARIABLE=VALUE. Empty lines and those that begin with # say nothing; a value is everything after the sign.
func readEnvFile(body string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		name, value, ok := strings.Cut(line, "=")
		if ok && !strings.HasPrefix(line, "#") {
			if _, again := out[name]; !again {
				out[name] = value
			}
		}
	}
	return out
}
