package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	databaseHost = "db.shop.internal"
	databasePort = 5432
)

// databaseWorker is a release of worker that books every order in the database.
var databaseWorker = []build{{"2.6.0", anywhere, true, func() App {
	a := workerApp(5, 6*time.Second)
	a.Asks, a.Says = fmt.Sprintf("%s:%d", databaseHost, databasePort), []string{`level=info msg="worker books orders in the database"`}
	return a
}(), 8 * day}}

// buildDatabase adds a database to the shop, which worker books its orders in:
//
//	db.shop.internal  a network interface in private-a with security group database, which lets in the tasks' group on 5432
func (w *World) buildDatabase() {
	w.vcpuQuota = 16 // room for the workers at their most, and a deployment of them
	id := w.call("sg:database", "sg")
	w.groups[id] = &ec2types.SecurityGroup{
		GroupId: aws.String(id), GroupName: aws.String("database"), Description: aws.String("the database"), VpcId: aws.String(w.names["vpc:shop"]), OwnerId: aws.String(w.Account),
		SecurityGroupArn: aws.String(w.ec2ARN("security-group/" + id)), Tags: tagged("database"), IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: everywhere()}},
		IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(databasePort), ToPort: aws.Int32(databasePort), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(w.names["sg:orders"]), UserId: aws.String(w.Account)}}}},
	}
	eni, err := w.createInterface(w.names["subnet:private-a"], []string{id}, false, "RDSNetworkInterface")
	if err != nil {
		panic("lab: the base world has no address for its database: " + err.Error())
	}
	put(&w.privateNames, databaseHost, *eni.NetworkInterfaceId)
	w.addImages("shop/worker", databaseWorker)
}

// callsInVain is what a program says when what it calls does not answer; "" when it does, or when it calls nothing. Host and port stand in App.Asks.
func (w *World) callsInVain(t *task, c *container) string {
	if c.image.App.Asks == "" {
		return ""
	}
	host, port := splitPort(c.image.App.Asks)
	if _, broken := w.dial(t, host, port); broken != "" {
		return fmt.Sprintf("failed to connect to `host=%s user=orders database=shop`: %s", host, broken)
	}
	return ""
}
