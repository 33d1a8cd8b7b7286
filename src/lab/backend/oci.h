/* Containers through an OCI runtime alone. */
#ifndef LAB_BACKEND_OCI_H
#define LAB_BACKEND_OCI_H

struct launch;

/* The bundle's config.json, heap; NULL out of memory.  Pure. */
char *oci_config(const struct launch *ln);

#endif
