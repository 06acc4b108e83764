/** Media types of encoded pictures. */
export const PICTURE_MEDIA = /^image\//;

/** The media type of forms with files (RFC 7578). */
export const FORM_MEDIA = /^multipart\/form-data$/;
