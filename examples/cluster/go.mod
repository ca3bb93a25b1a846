module octopod/examples/cluster

go 1.26.0
