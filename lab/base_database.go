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

	databasePassword = "correct-horse" // as in secret shop/db
)

// databaseWorker is a release of worker that books every order in the database.
var databaseWorker = []build{{"2.6.0", anywhere, true, func() App {
	a := workerApp(5, 6*time.Second)
	a.Asks, a.Says = fmt.Sprintf("%s:%d", databaseHost, databasePort), []string{`level=info msg="worker books orders in the database"`}
	return a
}(), 8 * day}, {"2.6.1", anywhere, true, func() App { // logs in with the password that it was started with, and goes on trying
	a := workerApp(5, 6*time.Second)
	a.Asks, a.Login, a.Needs = fmt.Sprintf("%s:%d", databaseHost, databasePort), "DB_PASSWORD", append(a.Needs, "DB_PASSWORD")
	a.Consumes.Tries, a.Says = 0, []string{`level=info msg="worker books orders in the database"`}
	return a
}(), 4 * day}}

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
	w.password = databasePassword
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
	if login := c.image.App.Login; login != "" && w.password != "" && c.env[login] != w.password {
		return fmt.Sprintf("failed to connect to `host=%s user=orders database=shop`: failed SASL auth: FATAL: password authentication failed for user \"orders\" (SQLSTATE 28P01)", host)
	}
	return ""
}

func (w *World) labSetDatabasePassword(in map[string]any) error {
	if w.password == "" || textOf(in, "Password") == "" {
		return fmt.Errorf("this account has no database, or the password is empty; the base database has one")
	}
	w.password = textOf(in, "Password")
	return nil
}

// turnedAway says which task of a service has a password that the database does not take; "" when none has.
func (w *World) turnedAway(s *service) string {
	for _, t := range s.live(nil) {
		for _, c := range t.containers {
			if c.serving && !c.done && c.image.App.Login != "" && w.password != "" && c.env[c.image.App.Login] != w.password {
				return "the database does not take the password of task " + t.id
			}
		}
	}
	return ""
}
