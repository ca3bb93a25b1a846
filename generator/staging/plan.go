package staging

// Change is the kind of change that a commit makes to a file.
type Change string

// The changes.
const (
	Added    Change = "add"
	Modified Change = "modify"
	Removed  Change = "delete"
)

// PlanItem is one changed file of a plan.
type PlanItem struct {
	Path   string `json:"path"`
	Action Change `json:"action"`
}
