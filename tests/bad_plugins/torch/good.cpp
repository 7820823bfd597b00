// Nothing is wrong with it.
#include "toy.h"

WELT_PLUGIN(toy::info(), toy::Component<toy::Model>)
