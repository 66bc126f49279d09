% Values of protocols prenet, mprnet and rgb for synthetic pairs, from the functions that the reference scripts call:
% rgb2ycbcr, im2double, fspecial, filter2, imfilter.  Run: octave --no-gui protocol_vectors.m > protocol_vectors.json
% (made with Octave 7.3, package image 2.14).
1;
pkg load image

function [rainy, clean] = pair(kind, h, w)
  [x, y] = meshgrid(0:w-1, 0:h-1);
  clean = zeros(h, w, 3); rainy = clean;
  for c = 0:2
    if strcmp(kind, 'constant')
      clean(:,:,c+1) = 100 + 10 * c; rainy(:,:,c+1) = 90 + 10 * c;
    else
      clean(:,:,c+1) = mod(7*y + 3*x + 31*c, 97) + mod(floor(y .* x / 50), 80) + floor(60 * y / h);
      rain = 45 * (mod(3*x + y, 23) < 2) + mod(x .* y + c, 7);
      rainy(:,:,c+1) = clean(:,:,c+1) + rain * strcmp(kind, 'rain');
    end
  end
  rainy = uint8(min(rainy, 255)); clean = uint8(clean);
end

function v = wang(a, b, shrink)
  f = max(1, round(min(size(a)) / 256));
  if shrink && f > 1
    k = ones(f) / f^2;
    a = imfilter(a, k, 'symmetric', 'same'); b = imfilter(b, k, 'symmetric', 'same');
    a = a(1:f:end, 1:f:end); b = b(1:f:end, 1:f:end);
  end
  g = fspecial('gaussian', 11, 1.5); c1 = (0.01 * 255)^2; c2 = (0.03 * 255)^2;
  ma = filter2(g, a, 'valid'); mb = filter2(g, b, 'valid');
  va = filter2(g, a .* a, 'valid') - ma.^2; vb = filter2(g, b .* b, 'valid') - mb.^2;
  cov = filter2(g, a .* b, 'valid') - ma .* mb;
  v = mean2(((2 * ma .* mb + c1) .* (2 * cov + c2)) ./ ((ma.^2 + mb.^2 + c1) .* (va + vb + c2)));
end

function p = decibels(a, b, peak)
  e = mean((a(:) - b(:)).^2);
  if e == 0 p = Inf; else p = 10 * log10(peak^2 / e); end
end

cases = {'rain', 37, 53; 'rain', 321, 481; 'rain', 383, 391; 'rain', 384, 400; 'rain', 511, 385; 'rain', 640, 640; ...
         'rain', 641, 700; 'rain', 896, 900; 'same', 64, 48; 'constant', 40, 44};
printf('[');
for i = 1:rows(cases)
  [kind, h, w] = cases{i, :};
  [r, c] = pair(kind, h, w);
  yr = rgb2ycbcr(im2double(r))(:,:,1); yc = rgb2ycbcr(im2double(c))(:,:,1);
  ur = double(rgb2ycbcr(r)(:,:,1)); uc = double(rgb2ycbcr(c)(:,:,1));
  dr = double(r); dc = double(c); s = zeros(1, 3);
  for k = 1:3 s(k) = wang(dr(:,:,k), dc(:,:,k), false); end
  v = [decibels(yr, yc, 1), wang(yr * 255, yc * 255, true); decibels(ur, uc, 255), wang(ur, uc, false); ...
       decibels(dr, dc, 255), mean(s)];
  text = strrep(sprintf('%.13g, ', v'), 'Inf', 'Infinity');
  if i > 1 printf(','); end
  printf('\n {"kind": "%s", "height": %d, "width": %d, "values": [%s]}', kind, h, w, text(1:end-2));
end
printf('\n]\n');
