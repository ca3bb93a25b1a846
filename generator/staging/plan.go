package staging

// Change says what a commit does to one path.
type Change string

// The changes.
const (
	Added    Change = "add"
	Modified Change = "modify"
	Removed  Change = "delete"
)

// PlanItem is one file of a plan.
type PlanItem struct {
	Path   string `json:"path"`
	Action Change `json:"action"`
}
