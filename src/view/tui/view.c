/* The views: what each shows, and the key that opens it. */
#include "tui-internal.h"

/* clang-format off */
const struct view view_table[VIEW_MAX] = {
	[VIEW_OVERVIEW] = {"overview", "containers beside VMs, what each was given, uses and could give back", '1',
		.band = true, .list = LIST_CONTAINER},
	[VIEW_TREE] = {"tree", "the host, its groups, and what is in them; each is counted once", '2',
		.band = true, .list = LIST_TREE},
	[VIEW_INSTANCE] = {"instance", "one instance over time, what runs in it, its isolation, disk and supervisor", '3',
		.about = true, .list = LIST_MAX, .tile_w = 58,
		.tiles = {instance_cpu_tile, instance_memory_tile, instance_tasks_tile, instance_facts_tile,
			instance_io_tile, instance_net_tile, instance_pressure_tile, instance_background_tile}},
	[VIEW_WASTE] = {"waste", "what could be taken back, the most first, and what to type for it", '4',
		.band = true, .list = LIST_WASTE, .foot = waste_foot},
	[VIEW_HOST] = {"host", "this machine over time, its image stores, its daemons", '5',
		.list = LIST_MAX, .tile_w = 58,
		.tiles = {host_cpu_tile, host_memory_tile, host_cores_tile, host_facts_tile, host_pressure_tile, host_stores_tile,
			host_daemons_tile}},
	[VIEW_COMPARE] = {"compare", "a container and a VM with the same allocation and the same load", '6',
		.list = LIST_MAX, .tile_w = 38, .tiles = {compare_container_tile, compare_vm_tile, compare_notes_tile}},
	[VIEW_FIELDS] = {"every number", "each number with the file or formula it comes from", 0,
		.about = true, .list = LIST_MAX, .tiles = {fields_tile}},
	[VIEW_HELP] = {"help", "keys, signs and columns", 0, .list = LIST_MAX, .tiles = {help_tile}},
	[VIEW_SORT] = {"sort by", "the columns to sort by", 0, .list = LIST_MAX, .tiles = {menu_tile}, .take = tui_sort_by},
	[VIEW_COLUMNS] = {"columns to show", "the columns of lists", 0, .list = LIST_MAX, .tiles = {menu_tile},
		.take = columns_take},
	[VIEW_NOTICES] = {"not seen here, and why", "what could not be read", 0, .list = LIST_MAX, .tiles = {notices_tile}},
};
/* clang-format on */
