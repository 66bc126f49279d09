"""Scores of images: protocols with reference (PSNR, SSIM), and NIQE and BRISQUE without."""
