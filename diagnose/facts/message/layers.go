package message

import "bytes"

// A layer is one thing that a text gives away by words that every wording of it has. The first of a list that is
// found decides, so what is more telling stands first.
type layer struct {
	says  string
	words []string // squeezed; any of them
}

// stepLayers tell which step of the launch a text speaks of.
var stepLayers = []layer{
	{"env-file", []string{"downloadenvfile", "environmentvariablefiles", "environmentfile"}},
	{"log-driver", []string{"validateloggerargs", "initializeloggingdriver", "createcloudwatchlog", "logs:createlog", "cloudwatchlogs:createlog", "logdriver", "fluent.sock"}},
	{"efs", []string{"efsutils", "mount.nfs4", "elasticfilesystem:", ".efs."}},
	{"ebs", []string{"ebsvolume", "infrastructurerole"}},
	{"registry-auth", []string{"retrieveecrregistryauth", "cannotpullregistryauth", "cantpullregistryauth", "ecr:getauthorizationtoken", "errorecr:getauthorizationtoken", "api.ecr."}},
	{"parameter", []string{"secretsfromssm", "ssm:getparameter", "errorssm:", "ssmparameter", "parameterstore", "awssystemsmanager"}},
	{"secret", []string{"secretfromasm", "secretsfromasm", "secretsmanager", "asmfetching", "asmsecretresource"}},
	{"eni", []string{"networkinterface"}},
	{"layers", []string{"failedtocopy:", "failedtoextractlayer", "failedtounpackimage", "refpullhasbeenretried", "layer-bucket", "ecr:getdownloadurlforlayer", "getimageblob"}},
	{"manifest", []string{"failedtoresolveref", "imagemanifest", "/manifests/", "[manifests", "ecr:batchgetimage", "inspectimage", "manifestunknown", "manifestfor", "nameunknown"}},
	{"pull", []string{"cannotpullcontainererror", "cannotpullecrcontainererror", "cannotpullcontainerautherror", "toomanyrequests", "pullaccessdenied", "failedtopull", "cannotpullthe", "cantpulltheimage", "dkr.ecr.",
		"couldnottransitiontopull", "errorpullingimage", "imagereference"}},
	{"dependency", []string{"dependencygraph:", "taskdependenciescannot"}},
	{"container-start", []string{"cannotstartcontainererror", "cannotcreatecontainererror", "ociruntimecreatefailed", "execformaterror", "couldnottransitionto", "containerruntimeerror", "containerruntimetimeouterror", "hostconfigerror", "containernetworkingerror", "cannotinspectcontainererror"}},
	{"stop", []string{"cannotstopcontainererror", "taskstateerror"}},
	{"service-connect", []string{"serviceconnect", "servicediscovery", "namespacenotfound"}},
	{"container-health", []string{"failedcontainerhealthchecks"}},
	{"target-registration", []string{"failedtoregistertargets", "elasticloadbalancing:registertargets"}},
	{"target-health", []string{"elbhealthchecks", "isunhealthyin", "isnothealthyin", "targethealth", "target-group"}},
	{"exec", []string{"executecommand", "sessionmanagerplugin"}},
	{"assume-role", []string{"unabletoassume", "iam:passrole", "sts:assumerole"}},
	{"run", []string{"essentialcontainerintaskexited", "outofmemoryerror", "exitcode"}},
	{"deployment", []string{"deployment", "rollback", "rolledback"}},
	{"autoscaling", []string{"scalingactivity", "desiredcount"}},
	{"placement", []string{"unabletoplace", "capacityisunavailable", "nocontainerinstance", "containerinstance", "capacityprovider", "numberofvcpus", "resource:"}},
	{"api", []string{"clientexception", "invalidparameterexception", "serverexception", "taskdefinition"}},
}

// natureLayers tell what kind of failure a text reports.
var natureLayers = []layer{
	{"platform", []string{"descriptormatchingplatform", "execformaterror", "nomatchingmanifest", "doesnotmatchthespecifiedplatform"}},
	{"memory", []string{"outofmemory", "oomkilled", "oom-kill"}},
	{"disk", []string{"nospaceleftondevice", "enospc", "devmapper", "diskquotaexceeded"}},
	{"dns", []string{"nosuchhost", "nameresolution", "getaddrinfo", "enotfound", "eai_again", "lookup", "servermisbehaving", "dialudp", "failedtoresolvefs-", "ensurethatthevpchas"}},
	{"tls", []string{"x509:", "tlshandshake", "certificate", "proxyconnect"}},
	{"throttled", []string{"toomanyrequests", "rateexceeded", "ratelimit", "throttl", "requestlimitexceeded", "limitexceededwhile"}},
	{"permission", []string{"isnotauthorizedtoperform", "accessdenied", "accesstokmsisnotallowed", "explicitdeny", "unauthorizedoperation", "authfailure", "403forbidden", "statuscode:403", "apierrorforbidden", "401unauthorized",
		"unabletoassume", "missingpermissions", "authorizationfailed", "accessdeniedbyserver", "misconfiguredorchanged"}},
	{"not-found", []string{"specifiedloggroupdoesnotexist", "executablefilenotfound"}},
	{"network", []string{"i/otimeout", "connectionissue", "contextdeadlineexceeded", "signal:killed", "requestcanceled", "statuscode:0,", "networkisunreachable", "connectionrefused", "connectionreset", "connectiontimedout",
		"etimedout", "econnrefused", "waitingforconnection", "awaitingheaders", "nilpointerdereference", "contextcanceled", "contextcancelled", "failedtodorequest", "requestsendfailed", "sendrequestfailed", "checkyourtasknetwork", "checkyournetwork"}},
	{"not-found", []string{"notfound", "doesnotexist", "doesntexist", "cantfind", "cannotfind", "nosuchfile", "manifestunknown", "nameunknown", "couldnotfind", "didnotcontainjsonkey", "invalidssmparameters", "invalidparameters:", "markedfordeletion"}},
	{"permission", []string{"permissiondenied", "pullaccessdenied", "denied", "eacces"}},
	{"quota", []string{"reachedthelimit", "aboveyourlimit", "limitexceeded", "quota", "maximumnumberof"}},
	{"capacity", []string{"capacityisunavailable", "unfulfillable", "insufficientfreeaddresses", "notenoughfreeaddresses", "insufficient", "nocontainerinstance", "nocapacity", "resource:"}},
	{"malformed", []string{"invalidcharacter", "unmarshal", "malformed", "unexpectedendof", "invalidreference", "normalizeimage", "invalidparameter", "clientexception", "notavalid", "isinvalid", "invalid", "unabletoparse"}},
	{"unsupported", []string{"notsupported", "doesnotsupport", "notcompatible", "incompatib", "unsupported"}},
	{"unhealthy", []string{"unhealthy", "healthcheck"}},
	{"transient", []string{"timeoutwaitingfor", "internalerror", "serverexception", "serviceunavailable", "runtimeerror"}},
	{"timeout", []string{"timedout", "timeout"}},
	{"crash", []string{"exited", "exitcode", "panic", "segmentationfault"}},
}

// stepFamily names the family of a step where no form told it.
var stepFamily = map[string]string{
	"registry-auth": "image-pull", "manifest": "image-pull", "layers": "image-pull", "pull": "image-pull", "secret": "secrets", "parameter": "secrets", "env-file": "secrets",
	"log-driver": "logging", "efs": "storage", "ebs": "storage", "eni": "network", "container-start": "container-start", "dependency": "container-dependency", "stop": "container-stop",
	"service-connect": "service-connect", "container-health": "health", "target-registration": "config", "target-health": "health", "exec": "exec", "assume-role": "iam", "run": "exit",
	"deployment": "deployment", "autoscaling": "autoscaling", "placement": "capacity", "api": "config",
}

// denyLayers tell which policy layer AWS says refused.
var denyLayers = []layer{
	{"no-identity-policy", []string{"noidentity-basedpolicyallows"}},
	{"no-resource-policy", []string{"noresource-basedpolicyallows"}},
	{"boundary", []string{"nopermissionsboundaryallows", "explicitdenyinapermissionsboundary"}},
	{"session", []string{"nosessionpolicyallows", "explicitdenyinasessionpolicy"}},
	{"vpc-endpoint", []string{"novpcendpointpolicyallows", "explicitdenyinavpcendpointpolicy"}},
	{"scp", []string{"noservicecontrolpolicyallows", "explicitdenyinaservicecontrolpolicy"}},
	{"rcp", []string{"noresourcecontrolpolicyallows", "explicitdenyinaresourcecontrolpolicy"}},
	{"identity-deny", []string{"explicitdenyinanidentity-basedpolicy"}},
	{"resource-deny", []string{"explicitdenyinaresource-basedpolicy"}},
}

func find(layers []layer, low []byte) string {
	for i := range layers {
		for _, w := range layers[i].words {
			if bytes.Contains(low, []byte(w)) {
				return layers[i].says
			}
		}
	}
	return ""
}

var categoryOf = func() map[string]string {
	m := map[string]string{}
	for _, c := range Categories[1:] {
		m[squeeze(c)] = c
	}
	return m
}()

// category finds the first token before a colon that AWS uses as a category. TaskFailedToStart is a stop code: a
// category after it tells more.
func category(q *squeezed) string {
	outer := ""
	for at := 0; at < len(q.low); at++ {
		i := bytes.IndexByte(q.low[at:], ':')
		if i < 0 {
			return outer
		}
		at += i
		from := at
		for from > 0 && alnum(q.low[from-1]) && !(from < at && q.gap[from]) {
			from--
		}
		if n := at - from; n >= 10 && n <= 45 {
			c, ok := categoryOf[string(q.low[from:at])]
			if ok && c != "TaskFailedToStart" {
				return c
			}
			outer = first(outer, c)
		}
	}
	return outer
}
