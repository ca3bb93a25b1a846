class Octopod < Formula
  desc "Staging environments on Kubernetes, one for every branch"
  homepage "{{.Homepage}}"
  version "{{.Number}}"
  license "Apache-2.0"
{{range .Downloads}}
  on_{{if eq .OS "darwin"}}macos{{else}}{{.OS}}{{end}} do
    on_{{if eq .Arch "amd64"}}intel{{else}}arm{{end}} do
      url "{{.URL}}"
      sha256 "{{.Sum}}"
    end
  end
{{end}}
  def install
    bin.install "octopod"
    bash_completion.install "completions/octopod.bash" => "octopod"
    zsh_completion.install "completions/_octopod"
    fish_completion.install "completions/octopod.fish"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/octopod version")
  end
end
