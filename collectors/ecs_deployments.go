package collectors

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

const deploymentHistory = 20 // as many as one DescribeServiceDeployments takes

func serviceDeployments(ctx context.Context, w *Wave, keys []evidence.Key) {
	each(ctx, keys, func(ctx context.Context, k evidence.Key) {
		cluster, service, limit := head(k.ID), tail(k.ID), int32(deploymentHistory)
		list, from, err := call(ctx, w.ports.ecs.ListServiceDeployments, &ecs.ListServiceDeploymentsInput{
			Cluster: &cluster, Service: &service, MaxResults: &limit})
		switch {
		case is(err, "ClusterNotFoundException", "ServiceNotFoundException"):
			w.absent(k, from)
			return
		case err != nil:
			w.gap(from, err, k)
			return
		case len(list.ServiceDeployments) == 0:
			w.found(k, from, evidence.ServiceDeployments{})
			return
		}
		arns := mapped(list.ServiceDeployments[:min(len(list.ServiceDeployments), deploymentHistory)],
			func(d types.ServiceDeploymentBrief) string { return str(d.ServiceDeploymentArn) })
		out, from, err := call(ctx, w.ports.ecs.DescribeServiceDeployments, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
		if err != nil {
			w.gap(from, err, k)
			return
		}
		for _, f := range out.Failures {
			if str(f.Reason) != reasonMissing { // MISSING: it was deleted since the list
				w.gap(from, ecsFailure{f}, k)
				return
			}
		}
		ds := mapped(out.ServiceDeployments, toServiceDeployment)
		newestFirst(ds, func(d evidence.ServiceDeployment) evidence.Moment { return d.CreatedAt })
		w.found(k, from, evidence.ServiceDeployments{Deployments: ds})
	})
}

func toServiceDeployment(d types.ServiceDeployment) evidence.ServiceDeployment {
	v := evidence.ServiceDeployment{
		ARN:          str(d.ServiceDeploymentArn),
		Status:       string(d.Status),
		StatusReason: text(d.StatusReason),
		CreatedAt:    when(d.CreatedAt),
		StartedAt:    when(d.StartedAt),
		FinishedAt:   when(d.FinishedAt),

		LifecycleStage:  string(d.LifecycleStage),
		SourceRevisions: mapped(d.SourceServiceRevisions, func(r types.ServiceRevisionSummary) string { return str(r.Arn) }),
		Hooks: mapped(d.LifecycleHookDetails, func(h types.DeploymentLifecycleHookDetail) evidence.HookStatus {
			return evidence.HookStatus{ID: str(h.HookId), Target: str(h.TargetArn), Type: string(h.TargetType), Status: string(h.Status), Expires: when(h.ExpiresAt)}
		}),
	}
	if r := d.TargetServiceRevision; r != nil {
		v.TargetRevision, v.TargetRequested, v.TargetRunning, v.TargetPending = str(r.Arn), int(r.RequestedTaskCount), int(r.RunningTaskCount), int(r.PendingTaskCount)
	}
	if a := d.Alarms; a != nil {
		v.AlarmStatus, v.TriggeredAlarms = string(a.Status), a.TriggeredAlarmNames
	}
	if b := d.DeploymentCircuitBreaker; b != nil {
		v.FailureCount, v.FailureThreshold = int(b.FailureCount), int(b.Threshold)
		v.BreakerStatus = string(b.Status)
	}
	if d.Rollback != nil {
		v.RollbackReason, v.RollbackTo = text(d.Rollback.Reason), str(d.Rollback.ServiceRevisionArn)
	}
	return v
}

func toServiceTargetGroup(lb types.LoadBalancer) evidence.ServiceTargetGroup {
	v := evidence.ServiceTargetGroup{ARN: str(lb.TargetGroupArn), Name: str(lb.LoadBalancerName), Container: str(lb.ContainerName), ContainerPort: num(lb.ContainerPort)}
	if a := lb.AdvancedConfiguration; a != nil {
		v.AlternateARN, v.ProductionRule, v.TestRule, v.RoleARN = str(a.AlternateTargetGroupArn), str(a.ProductionListenerRule), str(a.TestListenerRule), str(a.RoleArn)
	}
	return v
}

func toHook(h types.DeploymentLifecycleHook) evidence.DeploymentHook {
	return evidence.DeploymentHook{Target: str(h.HookTargetArn), RoleARN: str(h.RoleArn), Type: string(h.TargetType),
		Stages: mapped(h.LifecycleStages, func(s types.DeploymentLifecycleHookStage) string { return string(s) })}
}

func toTaskSet(s types.TaskSet) evidence.TaskSet {
	v := evidence.TaskSet{
		ID: str(s.Id), ARN: str(s.TaskSetArn), Status: str(s.Status), StartedBy: str(s.StartedBy), ExternalID: str(s.ExternalId),
		TaskDefinition: last(str(s.TaskDefinition)), Desired: int(s.ComputedDesiredCount), Running: int(s.RunningCount), Pending: int(s.PendingCount),
		Stability: string(s.StabilityStatus), LaunchType: string(s.LaunchType), Strategy: mapped(s.CapacityProviderStrategy, toStrategyItem), Network: toNetwork(s.NetworkConfiguration),
		TargetGroups: mapped(s.LoadBalancers, toServiceTargetGroup), CreatedAt: when(s.CreatedAt), UpdatedAt: when(s.UpdatedAt),
	}
	if s.Scale != nil {
		v.ScalePercent = s.Scale.Value
	}
	return v
}

func toRegistry(r types.ServiceRegistry) evidence.ServiceRegistry {
	return evidence.ServiceRegistry{ARN: str(r.RegistryArn), Container: str(r.ContainerName), ContainerPort: num(r.ContainerPort), Port: num(r.Port)}
}

func toConnect(c *types.ServiceConnectConfiguration) evidence.ServiceConnect {
	if c == nil {
		return evidence.ServiceConnect{}
	}
	return evidence.ServiceConnect{Enabled: c.Enabled, Namespace: str(c.Namespace), Services: mapped(c.Services, toConnectService)}
}

func toConnectService(s types.ServiceConnectService) evidence.ServiceConnectService {
	v := evidence.ServiceConnectService{PortName: str(s.PortName), DiscoveryName: str(s.DiscoveryName), IngressPort: num(s.IngressPortOverride),
		Aliases: mapped(s.ClientAliases, func(a types.ServiceConnectClientAlias) string {
			return fmt.Sprintf("%s:%d", str(a.DnsName), num(a.Port))
		})}
	if t := s.Timeout; t != nil {
		v.RequestTimeout, v.IdleTimeout = num(t.PerRequestTimeoutSeconds), num(t.IdleTimeoutSeconds)
	}
	if t := s.Tls; t != nil {
		v.TLSRoleARN, v.TLSKmsKey = str(t.RoleArn), str(t.KmsKey)
		if t.IssuerCertificateAuthority != nil {
			v.TLSAuthority = str(t.IssuerCertificateAuthority.AwsPcaAuthorityArn)
		}
	}
	return v
}

func toServiceVolume(s types.ServiceVolumeConfiguration) evidence.ServiceVolume {
	v := evidence.ServiceVolume{Name: str(s.Name)}
	if e := s.ManagedEBSVolume; e != nil {
		v.RoleARN, v.KmsKey, v.Encrypted, v.SizeGiB = str(e.RoleArn), str(e.KmsKeyId), yes(e.Encrypted), num(e.SizeInGiB)
		v.Filesystem, v.SnapshotID, v.VolumeType = string(e.FilesystemType), str(e.SnapshotId), str(e.VolumeType)
	}
	return v
}
