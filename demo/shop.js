// When a flow ends, the page shows what has become of the plan.
document.addEventListener('stoa:flowcomplete', ({detail}) => {
	if (!detail.proceed && detail.outcome !== 'dismissed')
		location.reload();
});
