/* The way in: host, plugin, factory, descriptor, component.
 *
 * Scenario. The host reads the plugin's ELF note (note.h), judges it, opens the file, and calls the one exported function,
 * welt_plugin_entry. It gets the plugin's table, asks it for the component factory, reads descriptors, and creates
 * components when a recipe names them. From a component it asks interfaces by id. */
#ifndef WELT_ABI_PLUGIN_H
#define WELT_ABI_PLUGIN_H
#include "base.h"
#include "config.h"
#include "error.h"
#ifdef __cplusplus
extern "C" {
#endif

/* What the host offers. Services are usable from create() on, not in the entry. */
struct welt_host {
  uint32_t struct_size;
  uint32_t reserved;
  uint32_t abi_major, abi_minor;
  welt_string name, version; /* "welt", "0.1.0" */
  void* self;
  /* [any] A service table by id ("welt.log/1"), or null. Lives as long as the process. */
  const void* (*get_service)(const welt_host* host, welt_string id);
};
WELT_CHECK_STRUCT(welt_host, 64);

/* Flags of a descriptor. */
#define WELT_COMPONENT_PACKED 1u     /* takes packed rows as well as dense ones */
#define WELT_COMPONENT_CAUSAL 2u     /* positions never look ahead (unless the mask says so) */
/* Positions never look ahead, whatever a mask says (a recurrence): prefix blocks, dense masks and full attention are
 * answered with WELT_UNIMPLEMENTED. Goes with WELT_COMPONENT_CAUSAL. */
#define WELT_COMPONENT_STRICTLY_CAUSAL 4u

/* Pooling of a bytes encoder, done by the host. */
#define WELT_POOLING_FIRST 1u
#define WELT_POOLING_LAST 2u
#define WELT_POOLING_MEAN 3u

/* How parameters come into being. */
#define WELT_INIT_NONE 1u    /* on the meta device, no memory; the host binds tensors before the first forward */
#define WELT_INIT_RANDOM 2u  /* as the configuration's initialiser says, from the default random generator */

typedef struct welt_component_descriptor {
  uint32_t struct_size;
  uint32_t reserved;
  welt_string id;                        /* what a recipe's `plugin =` names, e.g. "bert" */
  welt_string description;               /* one line */
  welt_string_list roles;                /* ids of the role interfaces: "welt.bytes_encoder/1", … */
  welt_string_list hf_model_types;       /* `model_type`s of a config.json that it serves */
  welt_string_list hf_architectures;     /* `architectures` it serves; the first is taken when a config names none */
  uint32_t default_pooling;              /* bytes encoders */
  uint32_t flags;
} welt_component_descriptor;
WELT_CHECK_STRUCT(welt_component_descriptor, 96);

typedef struct welt_component welt_component;
struct welt_component {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;
  /* [any] The table of an interface by id, or null. Lives as long as the component. */
  const void* (*get_interface)(const welt_component* component, welt_string id);
  /* [instance] Ends the component; tensors it gave away stay valid. */
  void (*destroy)(WELT_GIVE welt_component* component);
};
WELT_CHECK_STRUCT(welt_component, 32);

#define WELT_COMPONENT_FACTORY "welt.component_factory/1"

typedef struct welt_component_factory_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t (*count)(void);                                                     /* [any] */
  const welt_component_descriptor* (*descriptor)(uint64_t index);              /* [any] WELT_KEEP; null: out of range */
  /* [any] An interface that needs no instance (welt.config_schema/1), or null. */
  const void* (*get_interface)(uint64_t index, welt_string id);
  /* [instance] Makes a component. `config` is borrowed; `init` is WELT_INIT_…; on failure *out is untouched. */
  welt_status (*create)(uint64_t index, WELT_BORROW const welt_config* config, uint32_t init, const welt_host* host,
                        WELT_GIVE welt_component** out, welt_error* error);
} welt_component_factory_v1;
WELT_CHECK_STRUCT(welt_component_factory_v1, 40);

typedef struct welt_plugin {
  uint32_t struct_size;
  uint32_t reserved;
  uint32_t abi_major, abi_minor;  /* what plugin and host agreed on: the smaller minor */
  welt_string id;                 /* the file's id, equal to its note; third parties use a reversed domain */
  welt_string version;
  welt_string description;
  welt_string license;
  /* [any] A factory table by id (WELT_COMPONENT_FACTORY), or null. */
  const void* (*get_factory)(welt_string id);
} welt_plugin;
WELT_CHECK_STRUCT(welt_plugin, 88);

/* The one exported function. [host] May be called again and gives the same pointer. Starts no thread, opens no file,
 * touches no device; returns within 100 ms. Fails with WELT_FAILED_PRECONDITION when the majors differ. */
typedef welt_status (*welt_plugin_entry_fn)(const welt_host* host, WELT_KEEP const welt_plugin** plugin,
                                            welt_error* error WELT_NULLABLE);
#define WELT_PLUGIN_ENTRY_NAME "welt_plugin_entry"

#ifdef __cplusplus
}
#endif
#endif
