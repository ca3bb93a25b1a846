package database

// data plans the generation that the record wants.
func (p *planner) data() error {
	now, exists := p.Copies[p.Name]
	old, kept := p.Copies[oldCopy(p.Name)]
	switch {
	case exists && p.isWanted(now.Mark):
		return nil
	case kept && p.isWanted(old.Mark):
		p.swapBack(exists)
		return nil
	case exists && p.Generation < now.Mark.Generation, !exists && kept && p.Generation < old.Mark.Generation:
		return Faultf(GenerationGone, "the data of generation %d are not on the server any more", p.Generation)
	}
	if made, there := p.Copies[newCopy(p.Name)]; !there || !p.isWanted(made.Mark) {
		if err := p.copySource(); err != nil {
			return err
		}
	}
	p.swapIn(exists && now.Mark.Generation < p.Generation, exists)
	return nil
}

// copySource plans the copy of the seed or the snapshot to x__new.
func (p *planner) copySource() error {
	from := p.Seed()
	if p.From.Kind == FromSnapshot {
		from = SnapshotCopy(p.Name, p.From.Name)
		if c, there := p.Copies[from]; !there || c.Mark.Snapshot != p.From.Name {
			return Faultf(SnapshotMissing, "the snapshot %s is not on the server any more", p.From.Name)
		}
	} else if !p.HasSeed {
		return Faultf(SeedMissing, "the database %s of the seed %s is not on the server", from, p.From.Name)
	}
	p.drop(newCopy(p.Name))
	p.copy(from, newCopy(p.Name), p.mark())
	return nil
}

// swapBack exchanges the data with those before the last reset.
func (p *planner) swapBack(exists bool) {
	old := p.Copies[oldCopy(p.Name)].Mark
	old.Replaced = Mark{}.Replaced
	back := Rename{oldCopy(p.Name), p.Name, &old}
	if !exists {
		p.rename(back)
		return
	}
	p.rename(Rename{p.Name, swapName(p.Name), nil}, back, Rename{swapName(p.Name), oldCopy(p.Name), p.replaced()})
}

// swapIn puts x__new in the place of x. With keep, x becomes x__old. Without, x has the
// wanted generation of another reset, and the data before both resets stay.
func (p *planner) swapIn(keep, exists bool) {
	in := Rename{newCopy(p.Name), p.Name, nil}
	switch {
	case !exists:
		p.rename(in)
	case keep:
		p.drop(oldCopy(p.Name))
		p.rename(Rename{p.Name, oldCopy(p.Name), p.replaced()}, in)
	default:
		p.rename(Rename{p.Name, swapName(p.Name), nil}, in, Rename{swapName(p.Name), newCopy(p.Name), nil})
	}
}

// replaced returns the mark of the present data after their replacement.
func (p *planner) replaced() *Mark {
	m := p.Copies[p.Name].Mark
	m.Replaced = p.Now
	return &m
}
