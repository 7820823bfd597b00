/* welt.image_encoder/1: reads a word's image. Any image model body can be one.
 *
 * Scenario: the host draws all distinct words, normalises the pixels as info says, and hands them over in batches; it
 * gets one vector per image. Images are of different widths: an encoder that masks padding takes them all at once, one
 * that does not gets batches of one shape each. Padding never changes a result. */
#ifndef WELT_ABI_IMAGE_ENCODER_H
#define WELT_ABI_IMAGE_ENCODER_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_IMAGE_ENCODER_INTERFACE "welt.image_encoder/1"

/* What a call of encode() may hold. */
#define WELT_IMAGES_SAME_SHAPE 1u /* images of one size; `sizes` is null */
#define WELT_IMAGES_RAGGED 2u     /* images of different sizes, padded right and below; `sizes` tells theirs */

typedef struct welt_image_encoder_info {
  uint32_t struct_size;
  uint32_t reserved;
  welt_string base_prefix;  /* what the names of the body carry in a class with a head ("vit"), without dot */
  int64_t width;            /* D of `pooled` */
  int64_t channels;         /* C: 3, or 1 */
  int64_t patch_height;     /* sizes must be multiples of these; 1: any */
  int64_t patch_width;
  int64_t minimum_height;   /* the smallest image it takes; 0: a patch */
  int64_t minimum_width;
  uint32_t images;          /* WELT_IMAGES_… */
  uint32_t has_pooler;      /* 1: `pooled` is the class's own pooler_output; 0: the mean over all tokens */
  double initializer_range; /* standard deviation of new weights; 0: 0.02 */
  double scale;             /* pixel values 0…255 become (value · scale − mean) / deviation; 0: 1/255 */
  double mean[4];           /* per channel */
  double deviation[4];      /* per channel; 0: 1 */
} welt_image_encoder_info;
WELT_CHECK_STRUCT(welt_image_encoder_info, 160);

typedef struct welt_image_encoder_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Texts live as long as the component. */
  welt_status (*describe)(const welt_component* component, welt_image_encoder_info* out, welt_error* error);
  /* [instance] pixels [N,C,Hpx,Wpx], floating and normalised → pooled [N,D], and, where `hidden` is non-null, the tokens
   * [N,T,D] or the feature map [N,D,h,w] before pooling (an encoder without either writes null). sizes: I64 [N,2] on the
   * CPU, height and width of each image; null: all are Hpx × Wpx. */
  welt_status (*encode)(welt_component* component, WELT_BORROW const welt_tensor* pixels,
                        WELT_BORROW const welt_tensor* sizes WELT_NULLABLE,
                        WELT_GIVE welt_tensor** hidden WELT_NULLABLE, WELT_GIVE welt_tensor** pooled,
                        welt_error* error);
} welt_image_encoder_v1;
WELT_CHECK_STRUCT(welt_image_encoder_v1, 24);

#ifdef __cplusplus
}
#endif
#endif
