package message

// Steps of a task's life that a message may speak of, in the order in which they happen.
var Steps = []string{"", "api", "assume-role", "placement", "eni", "ebs", "registry-auth", "secret", "parameter", "env-file", "manifest", "layers", "pull",
	"log-driver", "efs", "container-start", "dependency", "run", "container-health", "target-registration", "target-health", "service-connect", "deployment",
	"autoscaling", "exec", "schedule", "stop"}

// Natures of failure.
var Natures = []string{"", "network", "dns", "tls", "permission", "not-found", "malformed", "unsupported", "conflict", "throttled", "capacity", "quota", "disk", "platform",
	"crash", "memory", "timeout", "unhealthy", "normal", "transient"}

// DenyReasons are the policy layers that AWS names in an access-denied text.
var DenyReasons = []string{"", "no-identity-policy", "identity-deny", "no-resource-policy", "resource-deny", "boundary", "session", "scp", "rcp", "vpc-endpoint"}

// Families of cases: the first part of a case id.
var Families = []string{"", "api", "autoscaling", "capacity", "config", "container-dependency", "container-start", "container-stop", "deployment", "exec", "exit", "guardduty",
	"health", "iam", "image-pull", "lifecycle", "logging", "network", "placement", "scheduled", "secrets", "service-connect", "storage", "stuck", "tracing"}

// Categories are the first tokens of AWS's own texts.
var Categories = []string{"", "ResourceInitializationError", "CannotPullContainerError", "CannotStartContainerError", "CannotCreateContainerError", "CannotStopContainerError",
	"CannotInspectContainerError", "CannotCreateVolumeError", "CannotInspectVolumeError", "CannotPullECRContainerError", "CannotPullContainerAuthError", "ContainerRuntimeError",
	"ContainerRuntimeTimeoutError", "ContainerNetworkingError", "DockerTimeoutError", "DockerClientConfigError", "HostConfigError", "InvalidVolumeError", "InternalError",
	"OutOfMemoryError", "TaskFailedToStart", "TaskStateError", "AccessDeniedException", "AccessDenied", "ThrottlingException", "ClientException", "ServerException", "InvalidParameterException",
	"PlatformTaskDefinitionIncompatibilityException", "PlatformUnknownException", "BlockedException", "ConflictException", "ServiceNotFoundException", "ServiceNotActiveException",
	"ClusterNotFoundException", "NamespaceNotFoundException", "ResourceNotFoundException", "TargetNotConnectedException"}
