package cost

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"octopod/generator/staging"
)

// Need is what the objects of a staging request of a cluster.
type Need struct {
	CPU           int64 // thousandths of a core
	Memory        int64 // bytes
	Storage       int64 // bytes of volumes
	LoadBalancers int64
	UpTo          bool // a container requests nothing, so the quota of the staging counts
	AtLeast       bool // a container requests nothing, and there is no quota
}

// Asleep returns what an archived staging needs: no pods, but its volumes and addresses.
func (n Need) Asleep() Need { return Need{Storage: n.Storage, LoadBalancers: n.LoadBalancers} }

// NeedOf sums what the objects of a staging request: of the pods that run all the time, of
// volume claims, and Services of type LoadBalancer. Jobs end and CronJobs run now and then,
// so they do not count.
func NeedOf(objects []staging.Object) (Need, error) {
	set := make([]object, 0, len(objects))
	for _, o := range objects {
		if !counted(o.Kind) {
			continue
		}
		m, err := decode(o)
		if err != nil {
			return Need{}, err
		}
		set = append(set, m)
	}
	s := sum{defaults: defaultsOf(set), scalers: scalersOf(set)}
	for _, o := range set {
		s.add(o)
	}
	s.fillFromQuota(set)
	return s.Need, nil
}

// String formats the need for ParseNeed: cpu=120m memory=320Mi storage=1Gi.
func (n Need) String() string {
	words := []string{
		"cpu=" + resource.NewMilliQuantity(n.CPU, resource.DecimalSI).String(),
		"memory=" + resource.NewQuantity(n.Memory, resource.BinarySI).String(),
		"storage=" + resource.NewQuantity(n.Storage, resource.BinarySI).String(),
	}
	if n.LoadBalancers > 0 {
		words = append(words, "loadBalancers="+strconv.FormatInt(n.LoadBalancers, 10))
	}
	if n.UpTo {
		words = append(words, "upTo")
	}
	if n.AtLeast {
		words = append(words, "atLeast")
	}
	return strings.Join(words, " ")
}

// ParseNeed parses the form of String. It ignores words that it does not know: a newer
// version may have written them.
func ParseNeed(text string) (Need, error) {
	var n Need
	for word := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "cpu":
			n.CPU, err = quantity(value, (*resource.Quantity).MilliValue)
		case "memory":
			n.Memory, err = quantity(value, (*resource.Quantity).Value)
		case "storage":
			n.Storage, err = quantity(value, (*resource.Quantity).Value)
		case "loadBalancers":
			n.LoadBalancers, err = quantity(value, (*resource.Quantity).Value)
		case "upTo":
			n.UpTo = true
		case "atLeast":
			n.AtLeast = true
		}
		if err != nil {
			return Need{}, fmt.Errorf("%q is not what a staging requests: %w", word, err)
		}
	}
	return n, nil
}

func quantity(text string, value func(*resource.Quantity) int64) (int64, error) {
	q, err := resource.ParseQuantity(text)
	if err == nil && q.Sign() < 0 {
		err = fmt.Errorf("%s is negative", text)
	}
	return value(&q), err
}
