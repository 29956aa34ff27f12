package lab

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// ssmOperations lists what the lab answers of Systems Manager: Parameter Store.
func (w *World) ssmOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("ssm", "DescribeParameters", reads(w, w.describeParameters)),
		wire.Op("ssm", "GetParameter", reads(w, w.getParameter)),
		wire.Op("ssm", "GetParameters", reads(w, w.getParameters)),
		wire.Op("ssm", "PutParameter", changes(w, w.putParameter)),
		wire.Op("ssm", "DeleteParameter", changes(w, w.deleteParameter)),
	}
}

func (w *World) parameterARN(name string) string {
	return "arn:" + w.Partition + ":ssm:" + w.Region + ":" + w.Account + ":parameter/" + strings.TrimPrefix(name, "/")
}

// findParameter takes a name or an ARN.
func (w *World) findParameter(id string) *parameter {
	if p := w.parameters[id]; p != nil {
		return p
	}
	for _, p := range sorted(w.parameters) {
		if strings.HasPrefix(id, "arn:") && w.parameterARN(p.Name) == id {
			return p
		}
	}
	return nil
}

func (w *World) describeParameters(in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	filters := in.ParameterFilters
	for _, f := range in.Filters { // the older form
		filters = append(filters, ssmtypes.ParameterStringFilter{Key: aws.String(string(f.Key)), Values: f.Values})
	}
	var all []ssmtypes.ParameterMetadata
	for _, p := range append(sorted(w.parameters), nil) { // nil checks the filters where no parameter is
		ok, err := w.parameterFits(p, filters)
		if err != nil {
			return nil, err
		}
		if ok && p != nil {
			all = append(all, ssmtypes.ParameterMetadata{
				ARN: aws.String(w.parameterARN(p.Name)), Name: aws.String(p.Name), Type: ssmtypes.ParameterType(p.Type), KeyId: w.keyOf(p), LastModifiedDate: aws.Time(p.Changed),
				LastModifiedUser: aws.String(w.callerARN()), Version: p.Version, Tier: ssmtypes.ParameterTierStandard, DataType: aws.String("text"),
			})
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 50)
	return &ssm.DescribeParametersOutput{Parameters: page, NextToken: optional(next)}, err
}

func (w *World) keyOf(p *parameter) *string {
	if p.Type == string(ssmtypes.ParameterTypeSecureString) && p.KmsKey == "" {
		return aws.String("alias/aws/ssm")
	}
	return optional(p.KmsKey)
}

// parameterFits applies filters: all filters, any of the values of each.
func (w *World) parameterFits(p *parameter, filters []ssmtypes.ParameterStringFilter) (bool, error) {
	fits := p != nil
	for _, f := range filters {
		if len(f.Values) > 50 {
			return false, wire.Errorf("InvalidFilterValue", "The filter %s has more than 50 values.", aws.ToString(f.Key))
		}
		same := func(have, want string) bool { return have == want }
		switch aws.ToString(f.Option) {
		case "", "Equals":
		case "BeginsWith":
			same = strings.HasPrefix
		case "Contains":
			same = strings.Contains
		case "Recursive", "OneLevel":
		default:
			return false, wire.Errorf("InvalidFilterOption", "The filter option %s is not valid.", *f.Option)
		}
		var have string
		switch key := aws.ToString(f.Key); {
		case p == nil && slices.Contains([]string{"Name", "Type", "KeyId", "Path"}, key):
			continue
		case key == "Name":
			have = p.Name
		case key == "Type":
			have = p.Type
		case key == "KeyId":
			have = aws.ToString(w.keyOf(p))
		case key == "Path":
			have = p.Name
			same = func(name, path string) bool {
				rest, ok := strings.CutPrefix(name, strings.TrimSuffix(path, "/")+"/")
				return ok && (aws.ToString(f.Option) == "Recursive" || !strings.Contains(rest, "/"))
			}
		default:
			return false, wire.Errorf("InvalidFilterKey", "The filter key %s is not valid.", key)
		}
		fits = fits && slices.ContainsFunc(f.Values, func(v string) bool { return same(have, v) })
	}
	return fits, nil
}

func (w *World) value(p *parameter, decrypt *bool) ssmtypes.Parameter {
	out := ssmtypes.Parameter{
		ARN: aws.String(w.parameterARN(p.Name)), Name: aws.String(p.Name), Type: ssmtypes.ParameterType(p.Type), Value: aws.String(p.Value), Version: p.Version,
		LastModifiedDate: aws.Time(p.Changed), DataType: aws.String("text"),
	}
	if p.Type == string(ssmtypes.ParameterTypeSecureString) && !aws.ToBool(decrypt) {
		out.Value = aws.String(base64.StdEncoding.EncodeToString([]byte(stableHex(64, p.Name, p.Value))))
	}
	return out
}

func noParameter(name string) error {
	return wire.Errorf("ParameterNotFound", "Parameter %s not found.", name)
}

func (w *World) getParameter(in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p := w.findParameter(*in.Name)
	if p == nil {
		return nil, noParameter(*in.Name)
	}
	v := w.value(p, in.WithDecryption)
	return &ssm.GetParameterOutput{Parameter: &v}, nil
}

func (w *World) getParameters(in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	out := &ssm.GetParametersOutput{}
	for _, name := range in.Names {
		if p := w.findParameter(name); p != nil {
			out.Parameters = append(out.Parameters, w.value(p, in.WithDecryption))
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

func (w *World) putParameter(in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	p := w.parameters[*in.Name]
	switch {
	case in.KeyId != nil && !w.usableKey(*in.KeyId):
		return nil, wire.Errorf("InvalidKeyId", "Invalid keyId %s", *in.KeyId)
	case p != nil && !aws.ToBool(in.Overwrite):
		return nil, wire.Errorf("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case p == nil && in.Type == "":
		return nil, wire.Errorf("ValidationException", "A parameter type is required when you create a parameter.")
	case p == nil:
		p = &parameter{Name: *in.Name}
		w.parameters[p.Name] = p
	}
	if in.Type != "" {
		p.Type = string(in.Type)
	}
	if in.KeyId != nil {
		p.KmsKey = *in.KeyId
	}
	if p.KmsKey == "alias/aws/ssm" {
		p.KmsKey = "" // the default
	}
	p.Value, p.Changed = *in.Value, w.now
	p.Version++
	return &ssm.PutParameterOutput{Version: p.Version, Tier: ssmtypes.ParameterTierStandard}, nil
}

func (w *World) deleteParameter(in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	if w.parameters[*in.Name] == nil {
		return nil, noParameter(*in.Name)
	}
	delete(w.parameters, *in.Name)
	return nil, nil
}
