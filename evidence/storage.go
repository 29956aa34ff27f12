package evidence

// FileSystem is an EFS file system.
type FileSystem struct {
	ID               string `json:"id"`
	ARN              string `json:"arn"`
	Owner            string `json:"owner"`
	State            string `json:"state"`             // creating, available, updating, deleting, deleted, error
	AvailabilityZone string `json:"availability_zone"` // of a One Zone file system; "" = Regional
	Encrypted        bool   `json:"encrypted"`
	KmsKey           string `json:"kms_key"` // ARN; "" = not encrypted
}

// MountTargets are all mount targets of a file system: at most one for each zone, all in one VPC.
type MountTargets struct {
	Targets []MountTarget `json:"targets"`
}

// MountTarget is the network interface through which one zone reaches a file system. Its security groups are
// evidence of their own (MountTargetGroupsKey).
type MountTarget struct {
	ID               string `json:"id"`
	SubnetID         string `json:"subnet_id"`
	VpcID            string `json:"vpc_id"`
	AvailabilityZone string `json:"availability_zone"`
	ZoneID           string `json:"zone_id"`
	IP               string `json:"ip"` // IPv4
	State            string `json:"state"`
	Owner            string `json:"owner"`
}

// AccessPoint is an EFS access point.
type AccessPoint struct {
	ID           string       `json:"id"`
	ARN          string       `json:"arn"`
	FileSystemID string       `json:"file_system_id"`
	State        string       `json:"state"`
	RootPath     string       `json:"root_path"` // "/" when not set
	User         PosixUser    `json:"posix_user"`
	Creation     CreationInfo `json:"creation_info"`
}

// PosixUser is the user as whom every request through an access point is made; not Known = the client's own.
type PosixUser struct {
	Known bool `json:"known"`
	UID   int  `json:"uid"`
	GID   int  `json:"gid"`
}

// CreationInfo is how EFS makes the root directory of an access point; not Known = it makes none.
type CreationInfo struct {
	Known       bool   `json:"known"`
	OwnerUID    int    `json:"owner_uid"`
	OwnerGID    int    `json:"owner_gid"`
	Permissions string `json:"permissions"` // octal text, "0755"
}

// Encryption is a KMS key, as kms:DescribeKey tells it.
type Encryption struct {
	ID        string `json:"id"`
	ARN       string `json:"arn"`
	Account   string `json:"account"`
	State     string `json:"state"`   // Enabled, Disabled, PendingDeletion, PendingImport, Unavailable, ...
	Manager   string `json:"manager"` // AWS, CUSTOMER
	Usage     string `json:"usage"`   // ENCRYPT_DECRYPT, ...
	Spec      string `json:"spec"`    // SYMMETRIC_DEFAULT, ...
	DeletesAt Moment `json:"deletes_at"`
}
