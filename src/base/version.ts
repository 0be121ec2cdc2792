/** Versions: of the program, and of the Exim whose interface it has (`$version_number`, -bV). */

export const PRODUCT_VERSION = '0.1.0';
export const EXIM_VERSION = '4.99';
