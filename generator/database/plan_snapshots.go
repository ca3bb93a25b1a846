package database

// snapshotsBefore plans the snapshots of data that the plan may replace.
func (p *planner) snapshotsBefore() error {
	for _, s := range p.Snapshots {
		if c, there := p.Copies[SnapshotCopy(p.Name, s.Label)]; there && s.isOf(c.Mark) {
			continue
		}
		from, there := p.holder(s.Generation)
		switch {
		case there:
			p.take(s, from)
		case s.Generation == p.Generation:
			p.later = append(p.later, s)
		default:
			return Faultf(SnapshotMissing, "the snapshot %s needs the data of generation %d, which are not on the server any more", s.Label, s.Generation)
		}
	}
	return nil
}

// snapshotsAfter plans the snapshots of the wanted generation.
func (p *planner) snapshotsAfter() error {
	for _, s := range p.later {
		p.take(s, p.Name)
	}
	return nil
}

// holder returns the copy with the data of a generation. Data of the wanted generation
// that another reset made do not count.
func (p *planner) holder(generation int) (name string, found bool) {
	for _, name := range []string{p.Name, oldCopy(p.Name)} {
		c, there := p.Copies[name]
		if there && c.Mark.Generation == generation && (generation != p.Generation || p.isWanted(c.Mark)) {
			return name, true
		}
	}
	return "", false
}

// take plans the copy of data to a snapshot, in the place of an earlier one with its label.
func (p *planner) take(s Snapshot, from string) {
	mark := p.Copies[from].Mark
	mark.Snapshot, mark.SnapshotAt, mark.Replaced = s.Label, s.At, Mark{}.Replaced
	to := SnapshotCopy(p.Name, s.Label)
	p.drop(to)
	p.copy(from, to, mark)
}
