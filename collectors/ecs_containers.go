package collectors

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsplain/ecsplain/evidence"
)

// toContainerDefinition keeps the names of environment variables and drops their values: they may be secret.
func toContainerDefinition(c types.ContainerDefinition) evidence.ContainerDefinition {
	v := evidence.ContainerDefinition{
		Name:             str(c.Name),
		Image:            str(c.Image),
		Essential:        c.Essential == nil || *c.Essential,
		CPU:              int(c.Cpu),
		MemoryMiB:        num(c.Memory),
		ReservationMiB:   num(c.MemoryReservation),
		EntryPoint:       evidence.RedactArgs(mapped(c.EntryPoint, evidence.Clean)),
		Command:          evidence.RedactArgs(mapped(c.Command, evidence.Clean)),
		EnvironmentNames: mapped(c.Environment, func(e types.KeyValuePair) string { return str(e.Name) }),
		Secrets:          mapped(c.Secrets, toSecretRef),
		Ports:            mapped(c.PortMappings, func(p types.PortMapping) int { return num(p.ContainerPort) }),
		EnvironmentFiles: mapped(c.EnvironmentFiles, func(f types.EnvironmentFile) string { return str(f.Value) }),
	}
	v.PortMappings = mapped(c.PortMappings, toPortMapping)
	v.DependsOn = mapped(c.DependsOn, func(d types.ContainerDependency) evidence.ContainerDependency {
		return evidence.ContainerDependency{Container: str(d.ContainerName), Condition: string(d.Condition)}
	})
	v.MountPoints = mapped(c.MountPoints, func(m types.MountPoint) evidence.MountPoint {
		return evidence.MountPoint{Volume: str(m.SourceVolume), ContainerPath: str(m.ContainerPath), ReadOnly: yes(m.ReadOnly)}
	})
	v.Ulimits = mapped(c.Ulimits, func(u types.Ulimit) evidence.Ulimit {
		return evidence.Ulimit{Name: string(u.Name), Soft: int(u.SoftLimit), Hard: int(u.HardLimit)}
	})
	v.StartTimeout, v.StopTimeout = num(c.StartTimeout), num(c.StopTimeout)
	v.User, v.WorkingDirectory, v.ReadonlyRoot = text(c.User), text(c.WorkingDirectory), yes(c.ReadonlyRootFilesystem)
	v.InitProcess = c.LinuxParameters != nil && yes(c.LinuxParameters.InitProcessEnabled)
	v.HealthCheck = toHealthCheck(c.HealthCheck)
	if r := c.RestartPolicy; r != nil {
		v.Restart = evidence.RestartPolicy{Enabled: yes(r.Enabled), AttemptPeriodSeconds: num(r.RestartAttemptPeriod),
			IgnoredExitCodes: mapped(r.IgnoredExitCodes, func(i int32) int { return int(i) })}
	}
	if f := c.FirelensConfiguration; f != nil {
		v.FirelensType, v.FirelensOptions = string(f.Type), toLogOptions(f.Options)
	}
	for _, e := range c.Environment {
		if strings.EqualFold(str(e.Name), "NO_PROXY") {
			v.NoProxy = evidence.Redact(text(e.Value))
		}
	}
	if c.RepositoryCredentials != nil {
		v.RepositoryCredentials = str(c.RepositoryCredentials.CredentialsParameter)
	}
	if l := c.LogConfiguration; l != nil {
		v.LogDriver = string(l.LogDriver)
		v.LogOptions = toLogOptions(l.Options)
		v.Secrets = append(v.Secrets, mapped(l.SecretOptions, toSecretRef)...)
	}
	return v
}

func toSecretRef(s types.Secret) evidence.SecretRef {
	return evidence.SecretRef{Name: str(s.Name), ValueFrom: str(s.ValueFrom)}
}

// toLogOptions sorts the options by name; an option whose name says that it is secret has no value.
func toLogOptions(options map[string]string) []evidence.Tag {
	var out []evidence.Tag
	for name, value := range options {
		if evidence.SecretName(name) {
			value = ""
		}
		out = append(out, evidence.Tag{Key: name, Value: evidence.Redact(evidence.Clean(value))})
	}
	slices.SortFunc(out, func(a, b evidence.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func toPortMapping(p types.PortMapping) evidence.PortMapping {
	return evidence.PortMapping{Name: str(p.Name), ContainerPort: num(p.ContainerPort), HostPort: num(p.HostPort),
		Protocol: string(p.Protocol), AppProtocol: string(p.AppProtocol)}
}

// toHealthCheck fills in AWS's defaults: 30 s, 5 s, 3 retries, no start period (HealthCheck in the ECS API reference).
func toHealthCheck(h *types.HealthCheck) evidence.HealthCheck {
	if h == nil {
		return evidence.HealthCheck{}
	}
	v := evidence.HealthCheck{Command: evidence.RedactArgs(mapped(h.Command, evidence.Clean)), Interval: 30, Timeout: 5, Retries: 3, StartPeriod: num(h.StartPeriod)}
	if h.Interval != nil {
		v.Interval = int(*h.Interval)
	}
	if h.Timeout != nil {
		v.Timeout = int(*h.Timeout)
	}
	if h.Retries != nil {
		v.Retries = int(*h.Retries)
	}
	return v
}
