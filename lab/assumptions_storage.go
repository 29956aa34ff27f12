package lab

const (
	efsDocs = "https://docs.aws.amazon.com/efs/latest/ug/"
	kmsDocs = "https://docs.aws.amazon.com/kms/latest/developerguide/"
)

var storageAssumptions = []Assumption{
	{"kms.policy", "A key's policy must let the role in by name, or its account; only in the second case do the role's own policies count.", documented,
		kmsDocs + "key-policies.html", "Take the statement for the account out of a key's policy and decrypt with AdministratorAccess.", "TestAKeyPolicyComesFirst"},
	{"kms.in-the-name", "Secrets Manager and Parameter Store decrypt in the name of the execution role; the task's network takes no part in it.", documented,
		kmsDocs + "services-secrets-manager.html", "Start a task from subnets without a way to KMS, with a secret under a key of its own.", "TestScenarios/the-new-lock"},
	{"kms.one-text", "Secrets Manager says \"Access to KMS is not allowed\" for a role that may not decrypt and for a key that cannot be used alike.", assumed,
		"public reports show it for missing permissions; nothing is known of disabled keys", "Disable the key of a secret and start a task that reads it.", "TestScenarios/a-key-on-the-hook"},
	{"kms.cancelled", "A key whose deletion was cancelled is disabled.", documented,
		"https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html", "Cancel the deletion of a key and describe it.", "TestKMS"},
	{"kms.no-way-out", "A key's policy that would not let its author change it again is refused, unless the check is switched off.", documented,
		"https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html", "Put a policy that names another role alone.", "TestKMS"},
	{"iam.unique-id", "A policy of a key, secret, repository or file system that names a role shows the role's unique id once the role is deleted, and does not mean a new role of that name.", documented,
		iamDocs + "reference_policies_elements_principal.html", "Delete a role that a key's policy names, make it again, and read the policy.", "TestScenarios/same-name-same-face"},
	{"efs.order", "EFS volumes are mounted after the log streams and before the images are looked up.", assumed,
		"AWS documents the steps of a start, not their order", "Name a missing image and a missing access point at once and read which one the stopped reason names.", "TestAVolumeIsMountedBeforeTheImageIsLookedUp"},
	{"efs.name", "The name of a file system is the address of the mount target in the asker's zone, and is there only with both DNS attributes of the VPC on.", documented,
		efsDocs + "mounting-fs-mount-cmd-dns-name.html", "Look the name up from a zone without a mount target.", "TestTheNameOfAFileSystem"},
	{"efs.timeout", "A mount that nobody answers is given up after about two and a half minutes; a refusal and a name that is not there fail within seconds.", assumed,
		"two attempts of 15 seconds, as the text of public reports says, and then the two minutes of the NFS client", "Take 2049 out of the mount target's security group and subtract createdAt from stoppingAt.", "TestAMountTimesOutInMinutes"},
	{"efs.default-policy", "Without a file system policy every client is let in that reaches a mount target, whatever its role allows; with one, an allow is needed.", documented,
		efsDocs + "iam-access-control-nfs-efs.html", "Mount with IAM and a role without permissions, before and after the first policy.", "TestWhoMayMount"},
	{"efs.anonymous", "A volume without IAM connects as nobody: only what a policy allows to everybody is allowed.", documented,
		efsDocs + "iam-access-control-nfs-efs.html", "Mount without IAM under a policy that allows the account.", "TestWhoMayMount"},
	{"efs.access-point", "An access point that is not there or belongs to another file system is refused as \"access denied\"; one with creation info makes its directory at the first mount.", observed,
		"public reports of Fargate tasks", "Name an access point of another file system.", "TestScenarios/a-door-that-was"},
	{"efs.times", "A file system takes 6 seconds to be made, a mount target 90, an access point 3; mount targets go in 40.", assumed,
		"logs of infrastructure tools in public reports", "Make each and ask every second.", "TestEFS"},
	{"efs.mounted", "Tasks that run keep their volume, whatever happens to mount target, access point and policies.", assumed,
		"an established mount hangs or goes on; which of them a program notices depends on it", "Delete the mount target of a running task.", "TestRunningTasksKeepTheirVolume"},
}
