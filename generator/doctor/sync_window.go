package doctor

import (
	"context"

	"octopod/generator/staging"
	"octopod/generator/status"
)

// syncWindow reports a sync window that forbids every change now. The windows of an
// AppProject count for all Applications, so one of them is enough.
func (d *diagnosis) syncWindow(ctx context.Context, cluster status.Cluster, apps []staging.Application) {
	if len(apps) == 0 {
		return
	}
	block, err := cluster.SyncBlock(ctx, apps[0].Name)
	if err != nil || !block.Blocked {
		return
	}
	until := "now"
	if !block.Until.IsZero() {
		until = "until " + block.Until.UTC().Format("2006-01-02 15:04 MST")
	}
	d.add("sync window", Warning, "a sync window of Argo CD allows no change of "+apps[0].Name+" "+until,
		"wait, or change syncWindows of the AppProject")
}

// reach reports that Argo CD cannot reach the cluster of the stagings. The AppProject
// allows one cluster, so one Application is enough.
func (d *diagnosis) reach(ctx context.Context, cluster status.Cluster, apps []staging.Application) {
	if len(apps) == 0 {
		return
	}
	if err := cluster.Probe(ctx, apps[0]); err != nil {
		d.add("the cluster", Fault, "Argo CD cannot reach the cluster of "+apps[0].Name+": "+err.Error(),
			"check spec.argocd.destination, and the cluster in Argo CD: `argocd cluster list`")
	}
}
