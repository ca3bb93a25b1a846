package argocd

import (
	"encoding/base64"
	"slices"

	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// cliConfig is the file in which `argocd login` keeps its connections: the fields that
// matter here. Argo CD's own package for it needs a third of Argo CD.
type cliConfig struct {
	Contexts []struct {
		Name   string `json:"name"`
		Server string `json:"server"`
		User   string `json:"user"`
	} `json:"contexts"`
	Current string `json:"current-context"`
	Servers []struct {
		Server    string `json:"server"`
		Insecure  bool   `json:"insecure"`
		PlainText bool   `json:"plain-text"`
		GRPCWeb   bool   `json:"grpc-web"`
		RootPath  string `json:"grpc-web-root-path"`
		CA        string `json:"certificate-authority-data"` // base64 of PEM, as are the next two
		Cert      string `json:"client-certificate-data"`
		Key       string `json:"client-certificate-key-data"`
		Core      bool   `json:"core"` // the command works without a server
	} `json:"servers"`
	Users []struct {
		Name  string `json:"name"`
		Token string `json:"auth-token"`
	} `json:"users"`
}

// WithCLIConfig returns o with the current connection of the argocd command, whose file has
// this content. found is false if the file has none.
func (o Options) WithCLIConfig(file []byte) (_ Options, found bool, err error) {
	var config cliConfig
	if err := yaml.Unmarshal(file, &config); err != nil {
		return o, false, staging.Errorf(staging.CodeInvalid, "the configuration of the argocd command cannot be read").Because(err)
	}
	for _, context := range config.Contexts {
		for _, server := range config.Servers {
			if context.Name != config.Current || server.Server != context.Server || server.Core {
				continue
			}
			o.Server, o.PlainText, o.Insecure, o.GRPCWeb, o.RootPath = server.Server, server.PlainText, server.Insecure, server.GRPCWeb, server.RootPath
			for _, pem := range []struct {
				from string
				to   *[]byte
			}{{server.CA, &o.CAData}, {server.Cert, &o.CertData}, {server.Key, &o.KeyData}} {
				if *pem.to, err = base64.StdEncoding.DecodeString(pem.from); err != nil {
					return o, false, staging.Errorf(staging.CodeInvalid, "a certificate in the configuration of the argocd command cannot be read").Because(err)
				}
			}
			for _, user := range config.Users {
				if user.Name == context.User && o.Token == "" && o.TokenFile == "" {
					o.Token = user.Token
				}
			}
			return o, true, nil
		}
	}
	return o, false, nil
}

// pemData returns data, or the content that read returns for a file.
func pemData(data []byte, file string, read func(string) ([]byte, error)) ([]byte, error) {
	if len(data) > 0 || file == "" {
		return slices.Clone(data), nil
	}
	return read(file)
}
