package staging

import "encoding/json"

// MadeSecret returns the name of the Secret that an operator creates for an object of the
// template; "" for other objects.
func MadeSecret(o Object) string {
	switch o.Kind {
	case "ExternalSecret", "SealedSecret", "Certificate", "SopsSecret":
	default:
		return ""
	}
	var fields struct {
		Spec struct {
			SecretName string `json:"secretName"` // Certificate
			Target     struct {
				Name string `json:"name"` // ExternalSecret
			} `json:"target"`
			Sops []struct {
				Name string `json:"name"`
			} `json:"secretTemplates"`
		} `json:"spec"`
	}
	if json.Unmarshal(o.JSON, &fields) != nil {
		return ""
	}
	switch {
	case o.Kind == "Certificate":
		return fields.Spec.SecretName
	case o.Kind == "ExternalSecret" && fields.Spec.Target.Name != "":
		return fields.Spec.Target.Name
	case o.Kind == "SopsSecret" && len(fields.Spec.Sops) > 0:
		return fields.Spec.Sops[0].Name
	}
	return o.Name
}
